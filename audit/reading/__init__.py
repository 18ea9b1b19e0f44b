"""The source probe reads a target's files and never runs a line of them."""

from audit.reading.source_probe import collect

__all__ = ["collect"]
