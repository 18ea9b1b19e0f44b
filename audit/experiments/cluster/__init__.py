"""The canary's scenarios on a cluster of pytest-celery, whatever its nodes: containers, or processes of ours."""
