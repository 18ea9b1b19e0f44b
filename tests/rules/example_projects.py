"""The examples of the rules as projects on disk, and what their rule answers of them."""

import struct
from collections.abc import Mapping
from pathlib import Path

from audit.importing import configuration_probe as configuration
from audit.model.findings import Finding, Level
from audit.model.target_facts import TargetFacts
from audit.quality import quality_probe as quality
from audit.reading import source_probe as source
from audit.rules import Rule
from audit.target.target_file import load_target


def write(root: Path, files: Mapping[str, str]) -> None:
    """The files, in a repository of git that follows them all."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    track(root)


def track(root: Path) -> None:
    """An index of git, version 2, as after `git add .`."""
    paths = sorted(p.relative_to(root).as_posix().encode() for p in root.rglob("*") if p.is_file())
    entries = b""
    for path in paths:
        entry = b"\0" * 60 + struct.pack(">H", len(path)) + path
        entries += entry + b"\0" * (8 - len(entry) % 8)
    (root / ".git").mkdir()
    (root / ".git" / "index").write_bytes(b"DIRC" + struct.pack(">II", 2, len(paths)) + entries)


def answer(rule: Rule, root: Path) -> tuple[Finding, ...]:
    """What the rule says of this project, from the probes it needs."""
    target = load_target(root)
    imported = configuration.collect(target) if rule.needs >= Level.CONFIGURATION else None
    tools = quality.collect(target) if rule.category == "Qualité du Code" else None
    return rule.evaluate(TargetFacts(target, source.collect(target), imported, tools))
