"""`audit init`: describe a project that has no target file."""
