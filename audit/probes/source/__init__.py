"""The source probe reads a target's files and never runs a line of them."""

from audit.probes.source.probe import collect
from audit.probes.source.values import UNKNOWN

__all__ = ["UNKNOWN", "collect"]
