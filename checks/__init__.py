"""Binds the harness to the reference stack: its driver, and one suite a criterion."""
