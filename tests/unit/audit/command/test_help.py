import re
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from audit.command.cli import app
from audit.rules import every_rule

COMMANDS = (
    "",
    "run",
    "init",
    "rules",
    "explain",
    "fire",
    "soak",
    *(f"report {c}" for c in ("convert", "diff", "verify", "sign", "cover")),
)


def shown(command: str, columns: int = 80) -> str:
    """The help of a command on a terminal of this width; of the whole program for an empty name."""
    result = CliRunner().invoke(
        app, [*command.split(), "--help"], env={"COLUMNS": str(columns)}, terminal_width=columns
    )
    assert result.exit_code == 0, result.output
    return result.stdout


def squeezed(text: str) -> str:
    """A text without its spaces and line ends, wherever a terminal puts them."""
    return re.sub(r"\s", "", text)


def node(command: str) -> Any:
    """The command of this name; typer has no public type for it."""
    found: Any = get_command(app)
    for name in command.split():
        found = found.commands[name]
    return found


def test_every_command_is_tried_here() -> None:
    assert {*node("").commands} - {"report"} == {c for c in COMMANDS if c and " " not in c}
    assert {f"report {c}" for c in node("report").commands} <= {*COMMANDS}


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_shown_whole(command: str, columns: int) -> None:
    text = squeezed(shown(command, columns))
    for parameter in node(command).params:
        assert parameter.help
        assert squeezed(parameter.help) in text, parameter.name
        assert all(name in text for name in parameter.opts if name.startswith("-"))
    assert squeezed(node(command).help) in text


def test_a_pipe_reads_the_rules_one_a_line_whatever_the_width() -> None:
    lines = CliRunner().invoke(app, ["rules"], env={"COLUMNS": "40"}).stdout.splitlines()
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in lines}
    assert set(rows) >= {rule.id for rule in every_rule()}
    assert rows["late-acknowledgement"] == ["8.4", "critique", "déclaré", "Acquittement tardif"]


def test_what_stands_in_brackets_is_no_markup() -> None:
    assert "beside those of `[evidence]`; repeatable." in " ".join(shown("run").split())


def test_no_summary_of_a_command_is_cut() -> None:
    for group in ("", "report"):
        _, _, summaries = shown(group).partition("Commands:")
        assert all(f"  {command} " in summaries for command in node(group).commands)
        assert "..." not in summaries


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_shows_an_example_on_a_line_of_its_own(command: str) -> None:
    lines = shown(command).splitlines()
    start = next(n for n, line in enumerate(lines) if line.strip() in {"Example:", "Examples:"})
    assert lines[start + 1].startswith(f"    audit {command}".rstrip())


@pytest.mark.parametrize(
    "line", [line.strip() for c in COMMANDS for line in shown(c).splitlines() if "  audit " in line]
)
def test_examples_name_commands_and_options_that_exist(line: str) -> None:
    words = [word for word in line.split()[1:] if not word.startswith("2>")]
    first = next(n for n, word in enumerate(words) if not word.startswith("-"))
    command = " ".join(words[first : first + (2 if words[first] == "report" else 1)])
    known = {name for level in ("", command) for p in node(level).params for name in p.opts}
    assert {word for word in words if word.startswith("--")} <= known
