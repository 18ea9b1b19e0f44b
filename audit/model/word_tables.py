"""Tables of words, written as one text."""


def word_set(text: str) -> frozenset[str]:
    """The words of a text that are looked up."""
    return frozenset(text.split())


def word_list(text: str) -> tuple[str, ...]:
    """The words of a text, in their order."""
    return tuple(text.split())
