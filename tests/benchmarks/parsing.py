"""`python -I parsing.py FOLDER`: what `ast.parse` alone takes of every Python file below a folder; prints how many lines they have."""

import ast
import gc
import sys
from pathlib import Path


def main() -> None:
    """Parse each file and keep none, as the audit does, without a look for cycles."""
    gc.disable()
    lines = 0
    for path in sorted(Path(sys.argv[1]).rglob("*.py")):
        text = path.read_bytes()
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        lines += text.count(b"\n")
    sys.stdout.write(f"{lines}\n")


if __name__ == "__main__":
    main()
