"""Family 10: static tools run over the target's files, and the result files of its tests. The target never runs."""
