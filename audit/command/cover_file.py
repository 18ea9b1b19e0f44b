"""The cover page of the checkpoints in a folder: written once, under a name that nothing has yet."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from audit.command.output_files import OutputError, put
from audit.journal import journal_file as journal
from audit.journal.previous_checkpoints import dated, free_stem, readable
from audit.report.cover_page import Dated, render_cover, stems_on


def write_cover(folder: Path, target: str, profile: str, tell: Callable[[str], None]) -> Path:
    """Write the cover of every checkpoint of this target and profile in a folder. Raises OutputError when there is none."""
    found = [_dated(previous.path) for previous in dated(folder, target, profile, tell)]
    if not found:
        raise OutputError(f"{folder}: no checkpoint of profile {profile} to make a cover of")
    day = found[-1].journal["volatile"]["date"]
    path = folder / f"{free_stem(folder, f'{day}-couverture-{profile}')}.md"
    put({path: render_cover(found)})
    return path


def newest_journal(folder: Path) -> Mapping[str, Any]:
    """The newest journal of a folder, of any target. Raises OutputError when there is none."""
    found = readable(folder, lambda _: None)
    if not found:
        raise OutputError(f"{folder}: no checkpoint there")
    return found[-1].journal


def rendered_again(cover: Path) -> str:
    """What a cover must hold: the same page, of the journals that it names. Raises JournalError when one is gone."""
    names = stems_on(cover.read_text(encoding="utf-8"))
    return render_cover([_dated(cover.with_name(f"{name}.json")) for name in names])


def _dated(path: Path) -> Dated:
    document = journal.read(path)
    return Dated(path.stem, hashlib.sha256(path.read_bytes()).hexdigest(), document)
