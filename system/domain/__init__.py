"""Pure values: no input or output."""
