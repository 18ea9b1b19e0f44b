"""`python -m audit`: the command, without the current directory on `sys.path` (it may be a target's)."""

import sys

if __name__ == "__main__":
    if not sys.flags.safe_path:  # with -P or -I, the first entry is somebody else's
        sys.path.pop(0)
    from audit.cli import app

    app(prog_name="audit")
