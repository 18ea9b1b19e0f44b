"""Processes started by scripts, and what starts them again."""

from typing import Any

import pytest

from tests.unit.audit.reading.collecting import Collect

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
        f"while {WORKER}; do sleep 1; done",
        f"until ! {WORKER}; do sleep 1; done",
        f"while [ $n -lt 3 ]; do {WORKER}; done",
        f"while true; do exec {WORKER}; done",
        f"set -e\nwhile true; do {WORKER}; sleep 1; done",
        f"set -o errexit\nwhile true; do {WORKER}; sleep 1; done",
        f'while [ -z "$stopping" ]; do {WORKER}; done',
        f"( while true; do {WORKER} && break; done ) &",
        f"while true; do {WORKER}; exit 1; done",
        f"while true; do\n  {WORKER}\n  if [ $? -ne 0 ]; then exit 1; fi\ndone",
        f"while true; do {WORKER}; case $? in 0) return 3;; esac; done",
        f"give_up() {{ exit 1; }}\nwhile true; do {WORKER}; give_up; done",
        f"n=0\nuntil {WORKER}; do [ $n -ge 3 ] && exit 1; sleep 1; done",
        f"n=0\nuntil [ $n -eq 3 ]; do {WORKER}; n=$((n+1)); done",
        f"while [ $n != 3 ]; do {WORKER}; done",
        f"while ((n<3)); do {WORKER}; n=$((n+1)); done",
        f"while read q; do {WORKER}; done < queues.txt",
        f"while sleep 1; true; do {WORKER}; done",
        f"while true; do sleep 9 & {WORKER} & wait; done",
        f"set -eo pipefail\nwhile true; do {WORKER} | tee log; done",
        f"while true; do {WORKER} --detach; sleep 1; done",
        f"bash -lc '{WORKER}'",
        f"while true; do bash -ec '{WORKER}; sleep 1'; break; done",
        f"start() {{ return 0; echo; }}\nstart\n{WORKER}",
        f"{WORKER} &\nwait -n\nexit 1",
    ],
)
def test_a_worker_that_nothing_restarts(collect_tree: Collect, script: str) -> None:
    assert _seen(collect_tree({"start.sh": f"#!/bin/bash\n{script}\n"})) == [("worker", "4", "")]


@pytest.mark.parametrize(
    "script",
    [
        f"while true; do {WORKER}; sleep 1; done",
        f"while :; do\n  {WORKER}\ndone &",
        f"set -e\nwhile true; do {WORKER} || true; sleep 1; done",
        f"set -e\nset +e\nwhile true; do {WORKER}; done",
        f'keep() {{\n  while true; do "$@"; done\n}}\nkeep {WORKER} &',
        f'keep() {{\n  local name="$1"; shift\n  while true; do\n    "$@" &\n    wait $!\n  done\n}}\nkeep w {WORKER} &',
        f"( while true; do {WORKER}; done ) &",
        f"while [ 1 ]; do {WORKER}; done",
        f"while ((1)); do {WORKER}; done",
        f"until false; do {WORKER}; done",
        f"set -e\nwhile true; do {WORKER} 2>&1 | tee -a log; sleep 1; done",
        f"while true; do (cd app && exec {WORKER}); done",
        f"while true; do {WORKER} & wait; done",
        f"set -e\nbash -c 'while true; do {WORKER}; done'",
        f"eval 'while true; do {WORKER}; done'",
        f"while true; do if {WORKER}; then echo; fi; done",
        f"until {WORKER}; do echo again; done",
        f"while ! {WORKER}; do sleep 1; done &",
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
        f"exit 0\n{WORKER}",
        f"until false; do :; done\n{WORKER}",
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
    assert [path for path, _ in facts.unread] == ["gone.sh", "deploy/notes.txt", "a.sh"]


def test_scripts_that_call_themselves_end(collect_tree: Collect) -> None:
    script = "f() { f; f; }\nf\n" + "for a in 1 2 3 4 5 6 7 8 9; do\n" * 20 + "x\n" + "done\n" * 20
    assert collect_tree({"start.sh": script}).processes == ()
    assert collect_tree({"start.sh": "(" * 5000 + ")" * 5000}).processes == ()


@pytest.mark.parametrize("shebang", ["#!/bin/bash -ue", "#!/bin/sh -eu", "#!/usr/bin/env -S bash -e"])
def test_errexit_in_the_first_line_ends_the_loop(collect_tree: Collect, shebang: str) -> None:
    script = f"{shebang}\nwhile true; do {WORKER}; sleep 1; done\n"
    assert _seen(collect_tree({"start.sh": script})) == [("worker", "4", "")]


@pytest.mark.parametrize(
    "before",
    [
        "exec uvicorn a:b",
        "cd app && exec uvicorn a:b",
        "uvicorn a:b",
        "uvicorn a:b || exit 1",
        "gunicorn a:b | tee log",
        "(uvicorn a:b)",
        "while true; do uvicorn a:b; done",
        "if test $x; then exec uvicorn a:b; else exit 1; fi",
        "for x in 1 2; do uvicorn a:b; done",
        "if uvicorn a:b; then echo; fi",
        "serve() { uvicorn a:b; }\nserve",
        "bash -c 'uvicorn a:b'",
    ],
)
def test_what_follows_a_service_is_not_reached(collect_tree: Collect, before: str) -> None:
    script = f"{before}\nwhile true; do {WORKER}; done\n"
    assert {p.role for p in collect_tree({"start.sh": script}).processes} == {"web"}


@pytest.mark.parametrize(
    "before",
    [
        "uvicorn a:b &",
        "(exec uvicorn a:b) &",
        "gunicorn --daemon a:b",
        "[ $x = web ] && exec uvicorn a:b",
        "if test $x; then exec uvicorn a:b; fi",
        "if test $x; then exec uvicorn a:b; elif test $y; then exit 1; else echo; fi",
        "case $x in web) exec uvicorn a:b;; esac",
        "while [ $x ]; do uvicorn a:b; done",
        "serve() { uvicorn a:b; }\nserve &",
    ],
)
def test_what_may_be_reached_after_a_service(collect_tree: Collect, before: str) -> None:
    script = f"{before}\nwhile true; do {WORKER}; done\n"
    assert ("worker", "4", "loop") in _seen(collect_tree({"start.sh": script}))


def test_options_that_decide_how_many_children_run(collect_tree: Collect) -> None:
    (process,) = collect_tree({"start.sh": "celery -A a worker --autoscale=10,1 -P solo"}).processes
    assert (process.options["autoscale"], process.options["pool"]) == ("10,1", "solo")


def test_a_start_that_the_target_does_not_name_is_told(collect_tree: Collect) -> None:
    """Six of seven deployments were read, and nothing said that there was a seventh."""
    files = {
        "Procfile": "worker: celery -A app worker\n",
        "deploy/compose.yaml": "services:\n  worker:\n    command: celery -A app worker\n",
        "deploy/compose.test.yaml": "services:\n  worker:\n    command: celery -A app worker\n",
        "deploy/web.yaml": "services:\n  web:\n    command: uvicorn app:app\n",
    }
    facts = collect_tree(files, process_files=("Procfile",))
    told = "fichier de démarrage que la description de la cible ne nomme pas"
    assert [unread for unread in facts.unread if unread[1] == told] == [("deploy/compose.yaml", told)]
    assert not [unread for unread in collect_tree(files).unread if unread[1] == told]
