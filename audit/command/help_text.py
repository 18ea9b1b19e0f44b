"""What the help of a command shows below its options."""


def examples(*commands: str) -> str:
    """A paragraph of commands to try, each on a line of its own."""
    title = "Examples:" if commands[1:] else "Example:"
    # Click fills the lines of a paragraph again unless it begins with a backspace.
    return "\n".join(["\b", title, *(f"  {command}" for command in commands)]) + "\n\n"
