"""Cases of the good practices, by subject: edits of `tests/targets/bonnes-pratiques`."""
