"""Who receives the stop of a worker, after how long SIGKILL comes, and whether the soft shutdown starts."""

import pytest

from audit.model.stops import Receives, Stop
from audit.reading.deployment.stop_orders import seconds, signal_name
from tests.unit.audit.reading.collecting import Collect

WORKER = "celery -A app worker"


def _stops(collect_tree: Collect, files: dict[str, str]) -> list[Stop]:
    return [stop for process in collect_tree(files).processes for stop in process.stops]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 90),
        ("1m30s", 90),
        ("2min 5s", 125),
        ("infinity", float("inf")),
        ("$T", None),
        ("3 weeks", None),
        ("", None),
    ],
)
def test_durations_of_process_files(text: str, expected: float | None) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("SIGQUIT", "QUIT"), ("3", "QUIT"), ("term", "TERM"), ("", "TERM")])
def test_names_of_signals(text: str, expected: str) -> None:
    assert signal_name(text) == expected


@pytest.mark.parametrize(
    ("files", "by", "grace"),
    [
        ({"compose.yaml": f"services:\n  w:\n    image: x\n    command: {WORKER}\n"}, "Docker", 10),
        ({"w.service": f"[Service]\nExecStart=/bin/{WORKER}\nKillMode=process\n"}, "systemd", 90),
        ({"s.conf": f"[program:w]\ncommand={WORKER}\n"}, "supervisor", 10),
        (
            {
                "k.yaml": "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n"
                "      - args: [celery, -A, app, worker]\n        lifecycle: {preStop: {exec: {command: [sleep, '5']}}}\n"
            },
            "Kubernetes",
            25,
        ),
    ],
)
def test_delays_by_default(files: dict[str, str], by: str, grace: float, collect_tree: Collect) -> None:
    (stop,) = _stops(collect_tree, files)
    assert (stop.by, stop.grace, stop.receives) == (by, grace, Receives.MAIN)


@pytest.mark.parametrize(
    ("command", "receives"),
    [
        (f'sh -c "{WORKER}"', Receives.NOBODY),
        (f'bash -c "{WORKER}"', Receives.MAIN),
        (f'bash -c "true && {WORKER}"', Receives.UNKNOWN),
        (f'bash -c "{WORKER} || exit 3"', Receives.NOBODY),
        (f'sh -c "true && exec {WORKER}"', Receives.MAIN),
        (f"tini -- {WORKER}", Receives.MAIN),
        (f"tini -g -- {WORKER}", Receives.GROUP),
        (f"dumb-init {WORKER}", Receives.GROUP),
        (f"dumb-init -c {WORKER}", Receives.MAIN),
        (f"conda run -n app {WORKER}", Receives.UNKNOWN),
    ],
)
def test_what_stands_between_the_signal_and_the_worker(command: str, receives: Receives, collect_tree: Collect) -> None:
    (stop,) = _stops(collect_tree, {"compose.yaml": f"services:\n  w:\n    image: x\n    command: '{command}'\n"})
    assert stop.receives is receives


def test_a_supervisor_is_itself_stopped_by_its_container(collect_tree: Collect) -> None:
    files = {
        "supervisord.conf": f"[program:w]\ncommand={WORKER}\nstopwaitsecs=600\n",
        "Dockerfile": 'FROM python:3.13\nCMD ["supervisord", "-n"]\n',
        "compose.yaml": "services:\n  w:\n    build: .\n    stop_grace_period: 1m\n",
    }
    assert {(stop.by, stop.grace) for stop in _stops(collect_tree, files)} == {("supervisor", 600), ("Docker", 60)}


@pytest.mark.parametrize(
    ("lines", "soft"),
    [
        ("environment: [REMAP_SIGTERM=SIGQUIT]", True),
        ("environment: [REMAP_SIGTERM]", None),
        ("environment: {REMAP_SIGTERM: sigquit}", False),
        ("env_file: run.env", True),
        ("env_file: other.env", None),
        ("stop_signal: SIGQUIT", True),
        ("stop_signal: SIGINT", False),
    ],
)
def test_what_starts_the_soft_shutdown(lines: str, soft: bool | None, collect_tree: Collect) -> None:
    compose = f"services:\n  w:\n    image: x\n    command: {WORKER}\n    {lines}\n"
    (stop,) = _stops(collect_tree, {"compose.yaml": compose, "run.env": "export REMAP_SIGTERM='SIGQUIT'\n"})
    assert stop.is_soft is soft


IMAGE = """FROM python:3.12
COPY docker/entrypoint /entrypoint
COPY docker/start /start
ENTRYPOINT ["/entrypoint"]
"""
SCRIPTS = {
    "docker/entrypoint": '#!/bin/sh\nset -e\nexec "$@"\n',
    "docker/start": f"#!/bin/sh\nset -e\n{WORKER}\n",
}


@pytest.mark.parametrize(
    ("files", "words", "scripts", "first"),
    [
        ({"s.conf": f"[program:w]\ncommand={WORKER}\n"}, None, (), False),
        ({"s.conf": "[program:w]\ncommand=/srv/docker/start\n"}, ("/srv/docker/start",), ("docker/start",), False),
        (
            {"compose.yaml": f"services:\n  w:\n    image: x\n    command: sh -c 'cd /srv && {WORKER}'\n"},
            ("sh", "-c", f"cd /srv && {WORKER}"),
            (),
            True,
        ),
        (
            {"Dockerfile": IMAGE, "compose.yaml": "services:\n  w:\n    build: .\n    command: /start\n"},
            ("/entrypoint", "/start"),
            ("docker/entrypoint", "docker/start"),
            True,
        ),
        (
            {"Dockerfile": IMAGE, "compose.yaml": f"services:\n  w:\n    build: .\n    command: {WORKER}\n"},
            ("/entrypoint", *WORKER.split()),
            ("docker/entrypoint",),
            True,
        ),
        (
            {
                "Dockerfile": IMAGE.replace("/start", "/start.sh"),
                "docker/start.sh": SCRIPTS["docker/start"],
                "compose.yaml": "services:\n  w:\n    build: .\n    command: /start.sh\n",
            },
            ("/entrypoint", "/start.sh"),
            ("docker/entrypoint", "docker/start.sh"),
            True,
        ),
    ],
)
def test_the_scripts_between_a_file_and_its_worker(
    collect_tree: Collect, files: dict[str, str], words: tuple[str, ...] | None, scripts: tuple[str, ...], first: bool
) -> None:
    stop = next(stop for stop in _stops(collect_tree, {**SCRIPTS, **files}) if stop.by)
    found = stop.entry
    assert (found and (found.words, found.scripts, found.first)) == (words and (words, scripts, first))
