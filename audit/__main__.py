"""`python -m audit`: the command, without the current directory on `sys.path` (it may be a target's)."""

import sys

if __name__ == "__main__":
    sys.path.pop(0)
    from audit.cli import app

    app(prog_name="audit")
