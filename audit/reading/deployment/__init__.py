"""Process files: shell scripts, supervisor, systemd, compose, Kubernetes, Procfile and Dockerfile."""
