"""How each task is retried, in one analysis: `retry_policies.read_retries` gives one `RetryPolicy` a task."""
