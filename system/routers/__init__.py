"""HTTP, thin over the services."""
