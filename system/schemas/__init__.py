"""Models of what HTTP answers."""
