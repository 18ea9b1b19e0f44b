"""What runs inside the target's own interpreter: standard library only, Python 3.9 to 3.14, never imported by the harness.

The harness loads this package under another name and reads the JSON lines it writes to a private file descriptor.
"""
