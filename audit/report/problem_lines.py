"""The problems of a journal one line a place: for a terminal, and for the annotations of GitHub."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Journal = Mapping[str, Any]
_COMMANDS = {"critique": "error", "majeur": "error", "mineur": "warning"}


def problem_lines(journal: Journal) -> list[str]:
    """`path:line: severity [rule] title - what to do`, the most serious first; a problem without a place has no path."""
    return [
        f"{f'{place}: ' if place else ''}{p['severity']} [{p['rule']}] {p['title']} - {p['recommendation']}{_accepted(p)}"
        for p, place in _placed(journal)
    ]


def github_annotations(journal: Journal) -> str:
    """Workflow commands, one a line: each problem where it is, and the points that may hide a critical one."""
    lines = [
        f"::{'notice' if 'waived' in p else _COMMANDS[p['severity']]} {_where(place)}title={_property(p['title'])}::"
        f"{_data(p.get('sentence') or p['title'])}. {_data(p['recommendation'] + _accepted(p))}"
        for p, place in _placed(journal)
    ]
    lines += [f"::warning title=Non vérifié::{_data(i)}" for i in journal["verdict"].get("open_critical", ())]
    return "".join(f"{line}\n" for line in lines)


def placed_below(journal: Journal, folder: Path) -> dict[str, Any]:
    """The journal with the paths of its problems as they are seen from above `folder`, which holds its target."""
    prefix = "" if folder == Path() else f"{folder.as_posix()}/"
    problems = [
        {
            **problem,
            "places": [prefix + place for place in problem.get("places", ())],
            "situation": [{**e, "path": prefix + e["path"]} for e in problem["situation"]],
        }
        for problem in journal["problems"]
    ]
    return {**journal, "problems": problems}


def _placed(journal: Journal) -> Iterator[tuple[Journal, str]]:
    for problem in journal["problems"]:
        for place in problem.get("places") or [""]:
            yield problem, place


def _accepted(problem: Journal) -> str:
    waived = problem.get("waived")
    return f" (accepté jusqu'au {waived['until']} par {waived['who']})" if waived else ""


def _where(place: str) -> str:
    path, _, line = place.rpartition(":")
    return f"file={_property(path)},line={_property(line)}," if path else ""


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
