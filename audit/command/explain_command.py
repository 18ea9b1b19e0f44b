"""`audit explain`: where a setting or a task comes from, what wins, and what is unknown and why."""

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from audit.command.explain.fact_line import Explanation
from audit.command.explain.setting_explanation import explain_setting, in_order
from audit.command.explain.task_explanation import explain_task, task_named
from audit.command.help_text import examples
from audit.command.sigterm import stopped_cleanly
from audit.command.terminal import complain
from audit.model.facts import Facts
from audit.model.target_facts import TargetFacts
from audit.reading import collect
from audit.reading.old_setting_names import modern
from audit.rules.celery_releases import declared_settings
from audit.target.target_file import TargetError, load_target

FOUND, USAGE, NOTHING_READ = 0, 2, 3
_EPILOG = (
    "Exit codes: 0 found, be its value known or not; 2 bad usage, or a name that is neither a setting of Celery nor a "
    "task; 3 nothing could be read."
)


class UnknownNameError(Exception):
    """Neither a setting of Celery nor a task of the project has this name; the message is for the user."""


class NothingReadError(Exception):
    """The source gave nothing to answer with; the message is for the user."""


def explain(
    name: Annotated[
        str,
        typer.Argument(metavar="SETTING|TASK", help="A setting, as `task_acks_late`, or a task, as `app.tasks.send`."),
    ],
    target: Annotated[Path, typer.Argument(help="A project directory, or its audit.toml or pyproject.toml.")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Say where a setting or a task comes from.

    Each write that was read and its place, which one wins and why, or what made it unknown.

    Only files are read: nothing of the target runs, and nothing is written.
    """
    try:
        with stopped_cleanly():
            loaded = load_target(target)
            found = explained(TargetFacts(loaded, collect(loaded)), name)
    except (TargetError, UnknownNameError) as error:
        complain(str(error))
        raise typer.Exit(USAGE) from error
    except NothingReadError as error:
        complain(str(error))
        raise typer.Exit(NOTHING_READ) from error
    except KeyboardInterrupt as error:
        complain("interrupted")
        raise typer.Exit(NOTHING_READ) from error
    text = json.dumps(found.document, indent=2, ensure_ascii=False) if as_json else _printed(found)
    typer.echo(text)
    raise typer.Exit(FOUND)


def explained(known: TargetFacts, asked: str) -> Explanation:
    """The explanation of a name. Raises UnknownNameError and NothingReadError."""
    facts = known.source
    if facts.failure or (not facts.functions and not facts.settings and not facts.applications):
        raise NothingReadError(facts.failure or "no Python file of the target could be read")
    if task := task_named(facts, asked):
        return explain_task(known, asked, task)
    name = modern(asked) or asked
    if name not in declared_settings():
        raise UnknownNameError(_unknown(facts, asked, name))
    if not facts.settings and not facts.tasks and not any(a.kind == "celery" for a in facts.applications):
        raise NothingReadError("no Celery application was found: there are no settings to read")
    return explain_setting(known, asked, name)


def _unknown(facts: Facts, asked: str, name: str) -> str:
    names = [*declared_settings(), *(t.name for t in facts.tasks), *(t.symbol for t in facts.tasks)]
    close = get_close_matches(name, names, n=3)
    places = [f"{w.excerpt.path}:{w.excerpt.first_line}" for w in in_order(facts, name) if w.name == name and w.excerpt]
    told = f"{asked!r} is neither a setting of Celery nor a task of this project"
    told += f"; did you mean {' or '.join(close)}?" if close else "."
    return told + (f" It is written at {', '.join(places)}, where Celery does not read it." if places else "")


def _printed(found: Explanation) -> str:
    return "\n".join(fact.printed for fact in found.facts)


def register(app: typer.Typer) -> None:
    """Add the command."""
    shown = examples("audit explain task_acks_late ../shop", "audit explain shop.tasks.send ../shop --json")
    app.command("explain", short_help="Say where a setting or a task comes from.", epilog=shown + _EPILOG)(explain)
