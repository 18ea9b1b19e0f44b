"""French typography of what a reader sees."""
