"""Which files are the target's own code: what its test results must speak of, beside what else they count."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from audit.model.test_files import is_test_file
from audit.target.digest import counted
from audit.target.target_file import Target

# What no test runs: it builds, sets up or migrates.
_ASIDE = re.compile(r"(?:^|/)(?:setup|noxfile|manage)\.py$|(?:^|/)migrations/")


@dataclass(frozen=True)
class OwnCode:
    """`files`: paths of the target's Python files, tests apart; `others`: top-level packages beside it that it excludes."""

    root: Path
    files: frozenset[str]
    others: frozenset[str]

    def only_of_others(self, test: str) -> bool:
        """Whether a test, by its dotted name, is in a file that imports packages beside the target and nothing of it."""
        parts = test.split(".")
        names = ("/".join(parts[:end]) + ".py" for end in range(len(parts), 0, -1))
        path = next((self.root / name for name in names if (self.root / name).is_file()), None)
        if path is None or not self.others:
            return False
        text = path.read_text(encoding="utf-8", errors="replace")
        return _imports(text, self.others) and not _imports(text, _tops(self.files))


def own_code(target: Target) -> OwnCode:
    """The files of the tree, as the target file excludes some."""
    own, every = (frozenset(_code(target.root, exclude)) for exclude in (target.exclude, ()))
    return OwnCode(target.root, own, frozenset(_tops(every - own) - _tops(own)))


def _code(root: Path, exclude: tuple[str, ...]) -> Iterable[str]:
    paths = (p for p in counted(root, exclude) if p.endswith(".py") and not is_test_file(p) and not _ASIDE.search(p))
    return (path for path in paths if (root / path).stat().st_size)


def _tops(paths: Iterable[str]) -> set[str]:
    return {path.partition("/")[0].removesuffix(".py") for path in paths}


def _imports(text: str, packages: Iterable[str]) -> bool:
    named = "|".join(map(re.escape, sorted(packages)))
    return bool(named) and re.search(rf"(?m)^\s*(?:from|import)\s+(?:{named})\b", text) is not None
