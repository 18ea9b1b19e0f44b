"""The canary's part inside the target's own interpreter: standard library and the target's Celery, Python 3.9 to 3.14.

Never imported by the harness: loaded under a private name, so that no module of the target is hidden.
"""
