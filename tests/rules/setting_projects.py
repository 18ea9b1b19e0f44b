"""Small projects with one setting or two, and what a rule says of each."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from audit.importing import configuration_probe
from audit.model.findings import Finding
from audit.model.target_facts import TargetFacts
from audit.reading import source_probe
from audit.rules import every_rule
from audit.target.target_file import load_target
from tests.rules.example_projects import write

_BY_ID = {rule.id: rule for rule in every_rule()}
APP = 'import os\nfrom celery import Celery\n\napp = Celery("shop", broker="redis://localhost/0")\n{}\n\n@app.task\ndef send(id): ...\n'


def asked(root: Path, rule: str, files: Mapping[str, str], *, imported: bool = False) -> Finding:
    return every_answer(root, rule, files, imported=imported)[0]


def every_answer(root: Path, rule: str, files: Mapping[str, str], *, imported: bool = False) -> Sequence[Finding]:
    write(root, files)
    target = load_target(root)
    inside = configuration_probe.collect(target) if imported else None
    return _BY_ID[rule].evaluate(TargetFacts(target, source_probe.collect(target), inside))
