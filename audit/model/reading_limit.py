"""The error of a reading that took more steps, or went deeper, than it may."""


class ReadingLimitError(Exception):
    """Code of the target is too long to follow: what was asked of it is not known."""
