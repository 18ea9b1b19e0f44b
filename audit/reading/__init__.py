"""The source probe reads a target's files and never runs a line of them."""

from audit.reading.python.abstract_values import UNKNOWN
from audit.reading.source_probe import collect

__all__ = ["UNKNOWN", "collect"]
