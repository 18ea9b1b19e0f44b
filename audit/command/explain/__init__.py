"""What `audit explain` says of a setting or of a task, from facts."""
