"""Supervisor, systemd, Procfile, Dockerfile, compose and render files."""

from typing import Any

import pytest

from tests.unit.audit.reading.collecting import Collect


def _seen(facts: Any) -> list[tuple[str, str, str]]:
    return [(p.role, p.options.get("concurrency", ""), p.restart) for p in facts.processes]


@pytest.mark.parametrize(
    ("lines", "restart"),
    [
        ("autorestart=true ; always", "supervisor"),
        ("", "supervisor"),
        ("autorestart=unexpected", "supervisor"),
        ("autorestart=false", ""),
        ("autostart=false\nautorestart=true", ""),
        ("autostart=true ; of course", "supervisor"),
        ("exitcodes=0, 2", "supervisor"),
        ("autorestart=unexpected\nexitcodes=0,1,2 ; all", ""),
        ("exitcodes = 1", ""),
        ("autorestart=true\nexitcodes=0,1", "supervisor"),
    ],
)
def test_supervisor(collect_tree: Collect, lines: str, restart: str) -> None:
    text = f"""\
[supervisord]
nodaemon=true

[program:w]
command=celery -A a worker
  --concurrency=4 ; comment
; autorestart=false
{lines}

[program:b]
command=bash -c 'exec celery -A a beat'
autorestart=true
"""
    worker, beat = collect_tree({"supervisord.conf": text}).processes
    assert (worker.role, worker.options["concurrency"], worker.restart) == ("worker", "4", restart)
    assert worker.excerpt.first_line == 4
    assert (beat.role, beat.restart) == ("beat", "supervisor")


@pytest.mark.parametrize(
    ("lines", "restart", "user"),
    [
        (("    command={}", "    directory=/srv", "", "    user=shop", "    autorestart=false"), "", "shop"),
        (("\tcommand={}", "\tdirectory=/srv", "", "    user=shop", "    autorestart=false"), "supervisor", ""),
        (("command={}", "  user=shop", "  autorestart=false"), "supervisor", ""),
        (("  command={}", "user=shop", "autorestart=false"), "", "shop"),
        (("  command={}", "    --loglevel=INFO", "  user=shop", "  autorestart=false"), "", "shop"),
    ],
)
def test_supervisor_reads_an_indent_as_it_goes(
    collect_tree: Collect, lines: tuple[str, ...], restart: str, user: str
) -> None:
    """As supervisor 4 reads these files (`ServerOptions.process_config`)."""
    text = "\n".join(["[program:w]", *lines, ""]).format("celery -A a worker")
    (worker,) = collect_tree({"supervisord.conf": text}).processes
    assert (worker.role, worker.restart, worker.user) == ("worker", restart, user)


@pytest.mark.parametrize(
    ("line", "restart"),
    [
        ("Restart=always", "systemd"),
        ("Restart=on-failure", "systemd"),
        ("Restart=no", ""),
        ("", ""),
        ("Restart=on-failure\nType=oneshot", ""),
        ("Restart=on-abnormal", ""),
        ("Restart=on-failure\nSuccessExitStatus=143 1", ""),
        ("Restart=always\nSuccessExitStatus=1", "systemd"),
        ("Restart=always\nRestartPreventExitStatus=1", ""),
        ("Restart=on-failure\nRestartPreventExitStatus=78", "systemd"),
    ],
)
def test_systemd(collect_tree: Collect, line: str, restart: str) -> None:
    text = f"[Unit]\nDescription=w\n[Service]\nEnvironment=N=4 X=1\nExecStart=-/v/bin/celery -A a worker \\\n  -c ${{N}}\n{line}\n"
    assert _seen(collect_tree({"w.service": text})) == [("worker", "4", restart)]


def test_procfile(collect_tree: Collect) -> None:
    text = "web: uvicorn a:b\nworker: celery -A a worker -c ${N:-4}\nrelease: python -m a\n# x: celery -A a beat\n"
    assert _seen(collect_tree({"Procfile": text})) == [("web", "", "platform"), ("worker", "4", "platform")]


@pytest.mark.parametrize(
    "lines",
    [
        'CMD ["celery", "-A", "a", "worker", "-c", "4"]',
        "CMD celery -A a worker \\\n  -c 4",
        'ENTRYPOINT ["celery", "-A", "a"]\nCMD ["worker", "-c", "4"]',
        "CMD uvicorn a:b\nFROM x\nCMD celery -A a worker -c 4",
    ],
)
def test_dockerfile(collect_tree: Collect, lines: str) -> None:
    assert _seen(collect_tree({"Dockerfile": f"FROM python\n{lines}\n"})) == [("worker", "4", "")]


@pytest.mark.parametrize(
    ("lines", "restart"),
    [
        ("restart: always", "compose"),
        ("restart: unless-stopped", "compose"),
        ("restart: on-failure", "compose"),
        ("restart: on-failure:3", ""),
        ('restart: "no"', ""),
        ("image: x", ""),
        ("deploy: {restart_policy: {condition: any}}", "compose"),
        ("deploy: {restart_policy: {condition: none}}", ""),
        ("restart: always\n    deploy: {restart_policy: {condition: none}}", ""),
        ("restart: always\n    deploy: {replicas: 2}", "compose"),
        ("<<: *base", "compose"),
    ],
)
def test_compose(collect_tree: Collect, lines: str, restart: str) -> None:
    text = f"""\
x-base: &base
  restart: always
services:
  redis:
    image: redis
  worker:
    command: celery -A a worker --concurrency=${{N:-4}}
    {lines}
  beat:
    command: ["celery", "-A", "a", "beat"]
    environment: [A=1]
"""
    worker, beat = collect_tree({"docker-compose.yml": text}).processes
    assert (worker.role, worker.options["concurrency"], worker.restart) == ("worker", "4", restart)
    assert (worker.excerpt.first_line, worker.excerpt.last_line) == (6, 8 + lines.count("\n"))
    assert beat.role == "beat"


def test_render(collect_tree: Collect) -> None:
    text = """\
services:
  - type: worker
    name: w
    startCommand: celery -A a worker --concurrency=$N
    envVars:
      - key: N
        value: 4
  - type: cron
    startCommand: celery -A a beat
"""
    assert _seen(collect_tree({"render.yaml": text})) == [("worker", "4", "platform")]


@pytest.mark.parametrize(
    "text", ["services: [", "a: !custom x", "services: 3", "- 1", "", "services: {w: 3, v: {command: {}}}"]
)
def test_yaml_that_says_nothing_is_not_fatal(collect_tree: Collect, text: str) -> None:
    assert collect_tree({"compose.yaml": text, "render.yaml": text}).processes == ()


def test_yaml_that_grows_without_end_is_not_followed(collect_tree: Collect) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
    text = "\n".join([*lines, "services: {w: {command: *a11, environment: *a11}}"])
    assert collect_tree({"compose.yaml": text}).processes == ()


def test_a_service_with_a_profile_counts_where_no_other_plays_its_role(collect_tree: Collect) -> None:
    worker = "    command: celery -A a worker\n"
    apart = f"services:\n  debug:\n    profiles: [debug]\n{worker}"
    assert len(collect_tree({"compose.yaml": apart}).processes) == 1
    (kept,) = collect_tree({"compose.yaml": f"{apart}  worker:\n    restart: always\n{worker}"}).processes
    assert kept.restart == "compose"


@pytest.mark.parametrize("lines", ["deploy: {replicas: 0}", "scale: 0"])
def test_a_service_that_compose_does_not_start(collect_tree: Collect, lines: str) -> None:
    text = f"services:\n  worker:\n    restart: always\n    command: celery -A a worker\n    {lines}\n"
    assert collect_tree({"compose.yaml": text}).processes == ()


@pytest.mark.parametrize(
    ("command", "restart"),
    [
        ("bash -c 'celery -A a worker -c 4 & uvicorn a:b'", ""),
        ("bash -c 'celery -A a worker -c 4 & uvicorn a:b & wait'", ""),
        ("bash -c 'celery -A a worker -c 4 & uvicorn a:b & wait -n'", "supervisor"),
        ("bash -c 'celery -A a worker -c 4 & wait -n; uvicorn a:b'", ""),
        ("bash -c 'uvicorn a:b & exec celery -A a worker -c 4'", "supervisor"),
        ("bash -c 'while true; do celery -A a worker -c 4; done & exec uvicorn a:b'", "loop"),
        ("celery -A a worker -c 4 --detach", ""),
        ("celery -A a worker -c 4 -D", ""),
        ("celery multi start w -A a -c 4", ""),
    ],
)
def test_a_worker_that_its_supervisor_does_not_see_die(collect_tree: Collect, command: str, restart: str) -> None:
    seen = _seen(collect_tree({"supervisord.conf": f"[program:w]\ncommand={command}\nautorestart=true\n"}))
    assert ("worker", "4", restart) in seen


def test_a_procfile_for_a_desk_restarts_nothing(collect_tree: Collect) -> None:
    assert _seen(collect_tree({"Procfile.dev": "worker: celery -A a worker -c 4\n"})) == [("worker", "4", "")]
