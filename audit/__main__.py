"""The `audit` command: `python -m audit` runs it without the current directory on `sys.path` (it may be a target's)."""

import gc
import sys


def main() -> None:
    """Run the command line. What a reading builds is kept to its end, so that looking for cycles in it only takes time."""
    gc.disable()
    try:
        from audit.command.cli import app  # noqa: PLC0415  the modules of the command are kept too

        app(prog_name="audit")
    finally:
        # The interpreter's last collection would walk all of it.
        gc.freeze()


if __name__ == "__main__":
    if not sys.flags.safe_path:  # with -P or -I, the first entry is somebody else's
        sys.path.pop(0)
    main()
