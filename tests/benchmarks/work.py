"""`python -P work.py run …`: the audit's command, then the function calls it made and the characters of Python it parsed.

Neither depends on what else the machine does, as seconds of processor do.
"""

import ast
import sys
from types import FrameType
from typing import Any


class Work:
    """A profile function (`sys.setprofile`) that counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.characters = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Note one event of the interpreter."""
        if event == "call" and frame.f_code is ast.parse.__code__:
            self.characters += len(frame.f_locals["source"])
        self.calls += event in {"call", "c_call"}


def main() -> None:
    """Print `CALLS CHARACTERS` as the last line of standard output."""
    from audit.__main__ import main as audit  # noqa: PLC0415  the counters can be used without it

    work = Work()
    sys.setprofile(work)
    try:
        audit()
    except SystemExit as end:
        if end.code not in {0, 1}:
            raise
    finally:
        sys.setprofile(None)
    sys.stdout.write(f"{work.calls} {work.characters}\n")


if __name__ == "__main__":
    main()
