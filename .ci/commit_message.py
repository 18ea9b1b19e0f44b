"""Refuses a commit message whose subject is too long, or that has no body; the hook `commit-msg` gives it the file."""

import sys
from pathlib import Path

LONGEST_SUBJECT = 72
# Git writes the first two itself; the last two are squashed before anybody reads them.
UNCHECKED = ("Merge ", "Revert ", "fixup! ", "squash! ")
# What `git commit --verbose` appends begins there.
SCISSORS = "# ------------------------ >8 ------------------------"
TRAILERS = ("Signed-off-by:", "Co-authored-by:")


def faults(message: str) -> list[str]:
    """What is wrong with a message as the editor left it: git's comments are no part of it."""
    text = message.split(SCISSORS, maxsplit=1)[0]
    lines = [line.rstrip() for line in text.splitlines() if not line.startswith("#")]
    while lines and not lines[0]:
        lines.pop(0)
    if not lines:
        # Git refuses it, and says so.
        return []
    subject, body = lines[0], lines[1:]
    if subject.startswith(UNCHECKED):
        return []
    found = []
    if len(subject) > LONGEST_SUBJECT:
        found.append(f"the subject has {len(subject)} characters, at most {LONGEST_SUBJECT} are allowed")
    if body and body[0]:
        found.append("an empty line must follow the subject")
    if not any(line and not line.startswith(TRAILERS) for line in body):
        found.append("a body that says why is missing")
    return found


def main() -> int:
    """Print each fault of the message whose file is the only argument."""
    found = faults(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for fault in found:
        sys.stderr.write(f"commit message: {fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
