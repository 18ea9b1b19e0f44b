"""The subjects of the command line, one a module."""
