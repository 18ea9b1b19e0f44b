"""What the code of a target does, as observations that rules judge: one walk over each module, many watchers."""

from audit.reading.behaviour.module_walk import read_code

__all__ = ["read_code"]
