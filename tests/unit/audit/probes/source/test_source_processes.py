"""Processes started by scripts, and what starts them again."""

from typing import Any

import pytest

from .conftest import Collect

WORKER = "celery -A app worker --concurrency=4"


def _seen(facts: Any) -> list[tuple[str, str, str]]:
    return [(p.role, p.options.get("concurrency", ""), p.restart) for p in facts.processes]


@pytest.mark.parametrize(
    "script",
    [
        WORKER,
        f"{WORKER} &",
        f"exec {WORKER}",
        f"nohup env A=1 {WORKER} > log 2>&1 &",
        "N=4\ncelery -A app worker --concurrency=$N",
        'celery -A app worker -c "${N:-4}"',
        "celery -A app worker -c4",
        "python -m celery -A app worker --concurrency 4",
        "poetry run celery -A app worker --concurrency 4",
        'args=(worker -c 4)\ncelery -A app "${args[@]}"',
        f"bash -c '{WORKER}'",
        f"start() {{\n  {WORKER}\n}}\nstart &",
        f"for i in 1 2; do true; done\nif true; then {WORKER}; fi",
        f"while true; do {WORKER}; break; done",
        f"while true; do {WORKER} || break; done",
        f"while true; do {WORKER} & done",
        f"while [ $n -lt 3 ]; do {WORKER}; done",
        f"while true; do exec {WORKER}; done",
        f"set -e\nwhile true; do {WORKER}; sleep 1; done",
        f"set -o errexit\nwhile true; do {WORKER}; sleep 1; done",
        f"until false; do :; done\n{WORKER}",
    ],
)
def test_a_worker_that_nothing_restarts(collect_tree: Collect, script: str) -> None:
    assert _seen(collect_tree({"start.sh": f"#!/bin/bash\n{script}\n"})) == [("worker", "4", "")]


@pytest.mark.parametrize(
    "script",
    [
        f"while true; do {WORKER}; sleep 1; done",
        f"while :; do\n  {WORKER}\ndone &",
        f"until {WORKER}; do echo again; done",
        f"set -e\nwhile true; do {WORKER} || true; sleep 1; done",
        f"set -e\nset +e\nwhile true; do {WORKER}; done",
        f'keep() {{\n  while true; do "$@"; done\n}}\nkeep {WORKER} &',
        f'keep() {{\n  local name="$1"; shift\n  while true; do\n    "$@" &\n    wait $!\n  done\n}}\nkeep w {WORKER} &',
        f'while [ -z "$stopping" ]; do {WORKER}; done',
        f"( while true; do {WORKER} && break; done ) &",
        f"while true; do if {WORKER}; then echo; fi; done",
    ],
)
def test_a_worker_in_a_restart_loop(collect_tree: Collect, script: str) -> None:
    assert _seen(collect_tree({"start.sh": f"#!/bin/bash\n{script}\n"})) == [("worker", "4", "loop")]


@pytest.mark.parametrize(
    "script",
    [
        f"# {WORKER}",
        "echo 'celery worker crashed'",
        f"cat <<EOF\n{WORKER}\nEOF",
        f'text="{WORKER}"',
        "celery -A app inspect ping",
        "celery -A app purge -f",
        f"never() {{ {WORKER}; }}",
        "trap 'celery -A app worker' EXIT",
        "python -m app migrate",
        "grep celery worker.log",
    ],
)
def test_what_is_not_a_long_running_command(collect_tree: Collect, script: str) -> None:
    assert collect_tree({"start.sh": f"#!/bin/bash\n{script}\n"}).processes == ()


@pytest.mark.parametrize(
    ("command", "role"),
    [
        ("celery -A a beat -s /tmp/x", "beat"),
        ("celery -A a worker -B", "worker+beat"),
        ("celery -b redis://h -A a worker --beat -l info", "worker+beat"),
        ("celery multi start w1 -A a", "worker"),
        ("uvicorn a:b --port ${PORT:-8000}", "web"),
        ("gunicorn -w 4 a:b", "web"),
        ("python manage.py runserver", "web"),
        ("fastapi run a.py", "web"),
        ("python -m a.watchdog &", "other"),
        ("timeout 60 sudo -u x celery -A a beat", "beat"),
    ],
)
def test_a_role(collect_tree: Collect, command: str, role: str) -> None:
    assert [p.role for p in collect_tree({"start.sh": command}).processes] == [role]


def test_the_excerpt_keeps_the_lines_of_a_continued_command(collect_tree: Collect) -> None:
    text = "#!/bin/sh\n\ncelery -A a worker \\\n    --concurrency=1 \\\n    -Q x,y &\n"
    (process,) = collect_tree({"start.sh": text}).processes
    assert (process.excerpt.first_line, process.excerpt.last_line) == (3, 5)
    assert process.excerpt.text == "celery -A a worker \\\n    --concurrency=1 \\\n    -Q x,y &"
    assert process.options == {"app": "a", "concurrency": "1", "queues": "x,y"}


def test_only_declared_files_are_read_and_missing_ones_told(collect_tree: Collect) -> None:
    files = {"a.sh": WORKER, "deploy/b": f"#!/bin/sh\n{WORKER}", "deploy/notes.txt": "x"}
    facts = collect_tree(files, process_files=("deploy/*", "gone.sh"))
    assert [p.excerpt.path for p in facts.processes] == ["deploy/b"]
    assert [path for path, _ in facts.unread] == ["gone.sh", "deploy/notes.txt"]


def test_scripts_that_call_themselves_end(collect_tree: Collect) -> None:
    script = "f() { f; f; }\nf\n" + "for a in 1 2 3 4 5 6 7 8 9; do\n" * 20 + "x\n" + "done\n" * 20
    assert collect_tree({"start.sh": script}).processes == ()
    assert collect_tree({"start.sh": "(" * 5000 + ")" * 5000}).processes == ()
