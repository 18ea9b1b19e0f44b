"""One use case a module; nothing here publishes a task."""
