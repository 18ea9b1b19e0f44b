"""The crash table of Celery: the canary's scenarios over releases, brokers, pools and ways to acknowledge."""
