"""From findings to verdicts: the examination of one target, and what its checkpoint concludes."""
