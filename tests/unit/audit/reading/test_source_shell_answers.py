"""The three questions put to each command of a script: is it reached, what starts it again, what survives it?"""

import pytest

from audit.reading.deployment.shell_restarts import By
from audit.reading.deployment.shell_scripts import Command, read_commands
from audit.reading.deployment.shell_survival import Survivor
from tests.unit.audit.reading.collecting import Collect

_WORKER = "celery -A shop worker"
_BEAT = "celery -A shop beat"
_WEB = "uvicorn shop:api"
_COMPOSE = "services:\n  w:\n    restart: always\n    command: ./start.sh\n"


def _worker(script: str) -> Command:
    return next(c for c in read_commands(script) if "worker" in c.words)


@pytest.mark.parametrize(
    "script",
    [
        f"while true; do (test -f x || exit 1); {_WORKER}; done",
        f"while true; do for f in a b; do test -f $f && break; done; {_WORKER}; done",
        f"run() {{ {_WORKER} || return 1; }}\nwhile true; do run; done",
        f"while true; do bash -ec '{_WORKER}; echo over'; done",
        f"run() {{ {_WORKER} & wait $!; }}\nwhile true; do run; done",
        f"while true; do {_WORKER} & wait $! || true; done",
        f"until {_WORKER}; do exit 1 & sleep 1; done",
    ],
)
def test_a_loop_starts_it_again(script: str) -> None:
    assert _worker(script).restart.by is By.LOOP


@pytest.mark.parametrize(
    "script",
    [
        _WORKER,
        f"while true; do while true; do break 2; done; {_WORKER}; done",
        f"while true; do bash -c '{_WORKER}; tail -f /dev/null'; done",
        f"while true; do exec bash -c '{_WORKER}'; done",
        f"set -e\nwhile true; do bash -c '{_WORKER}'; done",
        f"until {_WORKER}; do {_WEB}; done",
        f"trap '' CHLD\n{_WORKER}",
        f"trap 'kill 0' TERM\n{_WORKER}",
    ],
)
def test_nothing_in_the_script_starts_it_again(script: str) -> None:
    assert _worker(script).restart.by is By.NOTHING


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (f"while true; do for q in a b; do {_WORKER} -Q $q & done; wait; done", "une boucle qui finit"),
        (f"while true; do if ! pgrep celery; then {_WORKER} & fi; sleep 5; done", "sans l'attendre"),
        (f"again() {{ {_WORKER}; again; }}\nagain", "s'appelle elle-même"),
        (f"trap '{_WORKER} &' CHLD\n{_WORKER} &\nsleep infinity", "un `trap`"),
        (f"trap again SIGCHLD\n{_WORKER} &\nsleep infinity", "un `trap`"),
    ],
)
def test_what_starts_it_again_is_unknown(collect_tree: Collect, script: str, why: str) -> None:
    restart = _worker(script).restart
    assert restart.by is By.UNKNOWN
    assert why in restart.doubt
    told = collect_tree({"start.sh": f"#!/bin/bash\n{script}\n", "compose.yml": _COMPOSE}).processes
    assert {(p.restart, p.doubt) for p in told if p.role == "worker"} == {("", restart.doubt)}


@pytest.mark.parametrize(
    "script",
    [
        f"{_WORKER} &\nwait -n\nkill 0\nwait",
        f"{_WORKER} | tee log &\nwait",
        f"bash -c 'exec {_WORKER}; sleep infinity'",
        f"{_WORKER}\nexit 1\nsleep infinity",
        f"{_WORKER} || {{ echo died; exit 1; }}\nsleep infinity",
        f"run() {{ {_WORKER}; exit; }}\nrun\nsleep infinity",
        f"set -e\n{_WORKER}\nsleep infinity",
        f"{_WORKER}\nif test $x; then {_WEB} & fi",
        f"({_WORKER} & wait -n)",
        f"echo start &\n{_WORKER}\nwait",
        f"if test $1 = worker; then {_WORKER}; fi\nif test $1 = web; then {_WEB}; fi",
    ],
)
def test_the_script_ends_with_it(script: str) -> None:
    assert _worker(script).survival.survivor is Survivor.NOTHING


@pytest.mark.parametrize(
    "script",
    [
        f"{_WORKER} &\nexec {_WEB}",
        f"{_WORKER}\nkeep() {{ sleep infinity; }}\nkeep",
        f"{_WORKER}\nwhile true; do sleep 60; done",
        f"run() {{ {_WORKER} || return 1; }}\nrun\nsleep infinity",
        f"{_WORKER}\nsleep infinity &\nwait",
        f"until {_WORKER}; do {_WEB}; done",
        f"while test $n -lt 3; do {_WORKER}; done &\nexec {_WEB}",
        f"while true; do {_BEAT}; done &\n{_WORKER} &\nwait",
        f"({_WORKER} & wait -n) &\nexec {_WEB}",
        f"if test $x; then {_WORKER}; else exit 1; fi\nsleep infinity",
        f"{_WORKER} & a=$!\n{_BEAT} & b=$!\nwait $a $b",
        f"{_WORKER} & jobs+=($!)\n{_BEAT} & jobs+=($!)\nwait ${{jobs[@]}}",
    ],
)
def test_the_script_survives_it(script: str) -> None:
    command = _worker(script)
    assert command.survival.survivor is Survivor.SCRIPT
    assert command.unseen


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (f"{_WORKER} &\n{_BEAT} &\nwait -n\npython report.py", "suivent le `wait`"),
        (f"{_WORKER} & a=$!\n{_BEAT} &\nwait $a", "qu'une partie"),
        (f"case $1 in worker) {_WORKER};; esac\ntail -f /dev/null", "sous condition"),
        (f"if ! {_WORKER}; then exec {_WEB}; fi", "sous condition"),
        (f"for q in a b; do {_WORKER} -Q $q; done", "sous condition"),
    ],
)
def test_what_survives_it_is_unknown(collect_tree: Collect, script: str, why: str) -> None:
    """It matters only where something brings the script back."""
    survival = _worker(script).survival
    assert survival.survivor is Survivor.UNKNOWN
    assert why in survival.doubt
    files = {"start.sh": f"#!/bin/bash\n{script}\n"}
    assert {p.doubt for p in collect_tree(files).processes if p.role == "worker"} == {""}
    worker = next(p for p in collect_tree({**files, "compose.yml": _COMPOSE}).processes if p.role == "worker")
    assert (worker.restart, worker.doubt) == ("", survival.doubt)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (f"echo start\nwhile true\n{_WORKER}\ndone\n", "la syntaxe du shell ne se lit pas"),
        (f"f() {{ f; }}\nf\n{_WORKER} &\n", "s'appelle sans fin"),
    ],
)
def test_whether_it_is_reached_is_unknown(collect_tree: Collect, script: str, why: str) -> None:
    assert why in _worker(script).reached.doubt
    (worker,) = collect_tree({"start.sh": f"#!/bin/bash\n{script}"}).processes
    assert why in worker.doubt


@pytest.mark.parametrize(
    "script",
    [
        f"while true; do test -f x; done\n{_WORKER}",
        f"if test $x; then {_WEB}; else exit 1; fi\n{_WORKER}",
        f"exec bash -c 'echo over'\n{_WORKER}",
    ],
)
def test_it_is_not_reached(script: str) -> None:
    assert not [c for c in read_commands(script) if "worker" in c.words]


def test_sides_of_one_branch_are_alternatives_and_those_behind_it_are_known() -> None:
    case = f"case $1 in web) exec {_WEB};; worker) celery purge; {_WORKER};; beat) {_BEAT} &;; esac\nexec python x.py"
    web, purge, worker, beat, rest = (c.reached for c in read_commands(case))
    assert web.excludes(worker)
    assert web.excludes(rest)
    assert worker.excludes(beat)
    assert not beat.excludes(rest)
    assert not purge.excludes(worker)
    assert worker.implies(purge)
    assert not rest.implies(purge)


def test_a_side_left_by_return_or_break_is_behind_its_function_or_its_loop_only() -> None:
    script = (
        f"start() {{ if test $1; then {_BEAT} & return; fi; {_WEB} & }}\nstart\n"
        f"while test $y; do if test $x; then {_BEAT} -l debug & break; fi; done\n{_WORKER}"
    )
    first, web, second, worker = (c.reached for c in read_commands(script))
    assert first.excludes(web)
    assert not first.excludes(worker)
    assert not second.excludes(worker)


def test_a_purge_on_the_side_of_the_worker_is_on_its_way(collect_tree: Collect) -> None:
    script = f"#!/bin/sh\ncase $1 in web) exec {_WEB};; worker) celery -A shop purge -f; exec {_WORKER};; esac\n"
    told = collect_tree({"start.sh": script}).processes
    assert [(p.role, p.empties) for p in told] == [("web", ""), ("worker", "queues")]


def test_two_of_one_side_are_no_alternatives(collect_tree: Collect) -> None:
    script = f"#!/bin/sh\nif test $x; then exec {_WEB}; else {_BEAT} & {_BEAT} & fi\nwait\n"
    assert [p.instead for p in collect_tree({"start.sh": script}).processes] == [False, False, False]
