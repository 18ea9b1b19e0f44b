"""Writes audit/rules/celery_releases.json: the settings that each release of Celery declares, with their types and defaults.

`python -m tests.celery_defaults` makes one virtual environment a release in a temporary folder, with uv, and asks
`celery.app.defaults` there. A default is told by its `repr`, then by its value where JSON can hold it (a duration in seconds); only
the releases where it changes are written, and null where the setting is gone.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[1] / "audit" / "rules" / "celery_releases.json"
# The last of each, and a Python that runs it.
RELEASES = {
    "4.4.7": "3.8",
    "5.0.5": "3.8",
    "5.1.2": "3.8",
    "5.2.7": "3.8",
    "5.3.6": "3.11",
    "5.4.0": "3.11",
    "5.5.3": "3.11",
    "5.6.3": "3.11",
    "5.7.0": "3.11",
}
_ASK = """
import datetime, json, sys
from celery.app.defaults import NAMESPACES, flatten
def told(value):
    if isinstance(value, datetime.timedelta):
        return [repr(value), int(value.total_seconds())]
    try:
        return [repr(value), json.loads(json.dumps(value))]
    except TypeError:
        return [repr(value)]
json.dump({name: [str(o.type), told(o.default)] for name, o in flatten(NAMESPACES)}, sys.stdout)
"""


def interpreter_of(version: str) -> str:
    """An interpreter of pyenv, which uv does not look for, else the version alone, which uv finds or fetches."""
    found = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"))
    return str(found[-1]) if found else version


def declared(release: str, python: str, folder: Path) -> Mapping[str, Any]:
    """What this release declares: a type and a default, by name."""
    uv = [sys.executable, "-m", "uv"]
    environment = folder / release
    subprocess.run([*uv, "venv", "--quiet", "--python", interpreter_of(python), str(environment)], check=True)
    interpreter = str(environment / "bin" / "python")
    subprocess.run([*uv, "pip", "install", "--quiet", "--python", interpreter, f"celery=={release}"], check=True)
    asked = subprocess.run([interpreter, "-W", "ignore", "-c", _ASK], check=True, capture_output=True, text=True)
    found: Mapping[str, Any] = json.loads(asked.stdout)
    return found


def table(releases: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The table, from what each release declares, the oldest first."""
    settings: dict[str, Any] = {}
    for name in sorted({name for found in releases.values() for name in found}):
        defaults: dict[str, Any] = {}
        kind, last = "", None
        for release, found in releases.items():
            kind, default = found.get(name, [kind, None])
            if default != last:
                defaults[release.rpartition(".")[0]] = last = default
        settings[name] = {"type": kind, "defaults": defaults}
    return {"releases": list(releases), "settings": settings}


def main() -> None:
    """Ask each release and write the file."""
    with tempfile.TemporaryDirectory(prefix="celery-") as folder:
        releases = {release: declared(release, python, Path(folder)) for release, python in RELEASES.items()}
    lines = [
        f"{json.dumps(name)}: {json.dumps(one, ensure_ascii=False)}"
        for name, one in table(releases)["settings"].items()
    ]
    body = ",\n".join(lines)
    FILE.write_text(f'{{"releases": {json.dumps(list(releases))},\n"settings": {{\n{body}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
