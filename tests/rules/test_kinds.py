"""A rule recognises a kind of fault, whatever its spelling, and says nothing of what only resembles it."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from audit.model.findings import worst
from audit.rules import every_rule
from tests.rules import kinds
from tests.rules.example_projects import answer, write
from tests.rules.kinds.program import Program, Table

RULES = {rule.id: rule for rule in every_rule()}
MODULES = [import_module(f"{kinds.__name__}.{module.name}") for module in iter_modules(kinds.__path__)]
TABLES: list[Table] = [getattr(module, "TABLE", {}) for module in MODULES]
PROGRAMS: tuple[Program, ...] = (
    *(program for module in MODULES for program in getattr(module, "PROGRAMS", ())),
    *(Program(rule, name, *said) for table in TABLES for rule, asked in table.items() for name, said in asked.items()),
)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: f"{p.rule}: {p.name}")
def test_the_rule_answers_of_the_kind(program: Program, tmp_path: Path) -> None:
    write(tmp_path, program.files)
    findings = answer(RULES[program.rule], tmp_path)
    told = [(f.outcome.name, f.sentence, f.missing) for f in findings]
    assert worst(f.outcome for f in findings) in program.outcomes, told
    assert any(program.said in f"{sentence} {missing}" for _, sentence, missing in told), told
