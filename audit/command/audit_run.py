"""`audit run`: every question of the profile is put, then the journal and the report are written."""

import contextlib
import gc
import logging
import os
import platform
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit.command.direct_session import InterruptedAuditError, play
from audit.command.judge_digest import harness_digest
from audit.command.output_files import put, writable
from audit.journal import journal_file as journal
from audit.journal.previous_checkpoints import elsewhere, finished, free_stem, newest_by_family
from audit.judging.examination import Examination
from audit.model.findings import Level
from audit.report.markdown import render_markdown
from audit.report.strike_section import draw_run, drawing_name
from audit.target.commit import commit_of
from audit.target.digest import tree_digest

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """How a run began: the command, the moment, and the seconds of the clock that measures it."""

    command: str
    now: datetime
    started: float


@dataclass(frozen=True)
class Written:
    """What a run left on disk, and the journal itself."""

    markdown: Path
    journal_path: Path
    journal: Mapping[str, Any]


def run(examination: Examination, out: Path | None, command: str, quiet: bool = False) -> Written:
    """Play every test of the profile, then write `DATE-famille-N-PROFILE.{md,json}`, or `DATE-celery`, in `out`.

    Without `out`, nothing is written. Raises OutputError when `out` cannot be written, before anything is run where that can
    be known, and InterruptedAuditError when the tests did not all run, or ended otherwise than the findings say.
    """
    if out is not None:
        writable(out)
    asked = begun(command)
    _refuse_without_celery(examination)
    _logger.debug(
        "profile %s, family %s, level %s", examination.profile.name, examination.profile.family, examination.level.name
    )
    try:
        summary = _played(examination, quiet=quiet)
        _logger.debug("every question answered after %.2f s", time.monotonic() - asked.started)
        return record(examination, out, asked, summary)
    finally:
        examination.close()


def begun(command: str) -> Asked:
    """A run that begins now."""
    return Asked(command, datetime.now(UTC), time.monotonic())


def record(examination: Examination, out: Path | None, asked: Asked, summary: str) -> Written:
    """Write what an examination found, whose tests have all run. Raises OutputError."""
    digest = tree_digest(examination.target.root, examination.target.exclude)
    folder, stem = out or Path(), _stem(asked.now, examination)
    stem = stem if out is None else free_stem(out, stem)
    volatile = journal.Volatile(
        date=asked.now.date().isoformat(),
        generated_at=asked.now.isoformat(timespec="seconds"),
        duration_seconds=round(time.monotonic() - asked.started, 1),
        command=asked.command,
        pytest_summary=summary,
        host=f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU",
        stem=stem,
        commit=commit_of(examination.target.root),
        tool_digest=harness_digest(),
    )
    earlier = {} if out is None else newest_by_family(examination, out, stem)
    previous = earlier.get(examination.profile.family)
    document = journal.build(
        examination, digest, volatile, previous, finished(earlier, digest), elsewhere=elsewhere(earlier, digest)
    )
    written = Written(folder / f"{stem}.md", folder / f"{stem}.json", document)
    if out is not None:
        texts = {written.markdown: render_markdown(document), written.journal_path: journal.dump(document)}
        put(texts | ({out / f"{stem}.svg": draw_run(document)} if drawing_name(document) else {}))
    return written


def _stem(now: datetime, examination: Examination) -> str:
    """The name of the report's files. A profile with one family of its own says enough by its name."""
    profile = examination.profile
    return "-".join([now.date().isoformat(), *([] if profile.canary else ["famille", profile.family]), profile.name])


def _refuse_without_celery(examination: Examination) -> None:
    """Raises InterruptedAuditError for a project that nobody described and that does not use Celery: no rule of it has a subject."""
    absence = None
    # A terminal that cannot show a step is told of by the questions themselves.
    with contextlib.suppress(UnicodeError):
        absence = examination.known.celery_absence
    if absence and not absence.gaps:
        files = len(examination.known.source.libraries)
        raise InterruptedAuditError(
            f"{examination.target.root}: this project does not use Celery ({files} Python files and the lists of what it needs were "
            "read: no file imports Celery, no dependency names it): nothing to audit, no report is written"
        )


def _played(examination: Examination, *, quiet: bool) -> str:
    """Put every question. Processes that live and die are pytest's work; facts already read need none of it."""
    if examination.level < Level.EXECUTION:
        return play(examination, quiet=quiet)
    # The command starts without it (`__main__.py`); these may last an hour.
    gc.enable()
    from audit.command.pytest_session import play as play_by_pytest  # noqa: PLC0415  pytest takes as long to import as a tree to read

    return play_by_pytest(examination, quiet=quiet)


def command_line() -> str:
    """The command as the user typed it."""
    program = Path(sys.argv[0])
    name = "python -m audit" if program.name == "__main__.py" else program.name
    return shlex.join([*name.split(), *sys.argv[1:]])
