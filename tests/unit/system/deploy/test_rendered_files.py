"""What is committed is what the plan renders, and every file, read in its own format, says the same thing."""

import configparser
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from typer.testing import CliRunner

from system.cli import app
from system.deploy.plan import HEROKU_STOP_SECONDS, NO_PROXY, PROXY, Program, reference_plan
from system.deploy.render import DIRECTORY, render, stale, write
from system.tasks import celery_config

PLAN = reference_plan()
NAMES = ("web", "worker", "beat", "watchdog")
Read = dict[str, tuple[str, int | None]]
"""The command by program, and the seconds it may take to stop where the file says so."""


def text(name: str) -> str:
    return (DIRECTORY / name).read_text(encoding="utf-8")


def ini(content: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#", ";"))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(content)
    return parser


def start_script() -> Read:
    found = re.findall(r"^keep_running (\w+) (.*) &$", text("start.sh"), flags=re.MULTILINE)
    return {name: (command, None) for name, command in found}


def supervisor() -> Read:
    parser = ini(text("supervisord.conf"))
    sections = {name.removeprefix("program:"): parser[name] for name in parser.sections() if ":" in name}
    return {name: (section["command"], int(section["stopwaitsecs"])) for name, section in sections.items()}


def procfile() -> Read:
    lines = (line.partition(": ") for line in text("Procfile").splitlines() if not line.startswith("#"))
    return {name: (command, None) for name, _, command in lines if name != "release"}


def render_blueprint() -> Read:
    services = [s for s in yaml.safe_load(text("render.yaml"))["services"] if s["type"] != "keyvalue"]
    return {
        s["name"].removeprefix("campaigns-"): (s["dockerCommand"], int(s["maxShutdownDelaySeconds"])) for s in services
    }


def systemd() -> Read:
    units = {name: ini(text(f"systemd/campaigns-{name}.service"))["Service"] for name in NAMES}
    return {name: (unit["ExecStart"], int(unit["TimeoutStopSec"])) for name, unit in units.items()}


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text("compose.yaml"))["services"]
    return {name: service for name, service in found.items() if name not in {"postgres", "redis", "migrate"}}


def compose() -> Read:
    return {
        name: (service["command"], int(service["stop_grace_period"].removesuffix("s")))
        for name, service in services().items()
    }


def kubernetes() -> Read:
    specs = {name: workload["spec"]["template"]["spec"] for name, workload in deployments().items()}
    return {
        name: (shlex.join(spec["containers"][0]["command"]), spec["terminationGracePeriodSeconds"])
        for name, spec in specs.items()
    }


def deployments() -> dict[str, Any]:
    documents = yaml.safe_load_all(text("kubernetes/campaigns.yaml"))
    found = (document for document in documents if document["kind"] == "Deployment")
    return {document["metadata"]["name"].removeprefix("campaigns-"): document for document in found}


READERS: dict[str, Callable[[], Read]] = {
    "start.sh": start_script,
    "supervisord.conf": supervisor,
    "Procfile": procfile,
    "render.yaml": render_blueprint,
    "systemd": systemd,
    "compose.yaml": compose,
    "kubernetes": kubernetes,
}
every_file = pytest.mark.parametrize("read", READERS.values(), ids=READERS)


def words(command: str) -> list[str]:
    """The words the program itself gets, its variables at their defaults, without what stands before it."""
    plain = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", command)
    plain = plain.replace("${WEB_HOST}", "0.0.0.0").replace("${PORT}", "8000")
    plain = plain.replace("${BEAT_SCHEDULE_FILE}", "/tmp/system-beat-schedule")
    found = shlex.split(plain)
    if found[:2] == ["bash", "-c"]:
        found = shlex.split(found[2].removeprefix("exec "))
    while found[0] == "env" or "=" in found[0]:
        found.pop(0)
    return [Path(found[0]).name, *found[1:]]


def test_what_is_committed_is_what_the_plan_says() -> None:
    assert stale(PLAN) == [], "run `python -m system deploy render`"


@every_file
def test_the_same_programs_with_the_same_commands_and_stop_times(read: Callable[[], Read]) -> None:
    found = read()
    assert tuple(found) == NAMES
    for program in PLAN.programs:
        command, seconds = found[program.name]
        assert words(command) == shlex.split(program.with_defaults)
        assert seconds in {None, program.stop_seconds}


@every_file
def test_the_worker_is_the_one_its_configuration_describes(read: Callable[[], Read]) -> None:
    worker = words(read()["worker"][0])
    assert f"--concurrency={celery_config.worker_concurrency}" in worker
    assert worker[worker.index("-Q") + 1].split(",") == [queue.name for queue in celery_config.task_queues]


def test_a_worker_has_the_time_its_shutdown_takes() -> None:
    (worker,) = (program for program in PLAN.programs if program.name == "worker")
    assert worker.stop_seconds > celery_config.task_time_limit > PLAN.soft_shutdown_seconds
    # On Heroku only the soft shutdown fits, and the worker is asked for it.
    assert PLAN.soft_shutdown_seconds < HEROKU_STOP_SECONDS
    assert procfile()["worker"][0].startswith("env REMAP_SIGTERM=SIGQUIT celery ")
    assert f"--stop-timeout {PLAN.longest_stop_seconds}" in text("Dockerfile")


def test_nothing_runs_as_root_and_everything_is_started_again() -> None:
    assert re.findall(r"^USER (\d+)$", text("Dockerfile"), flags=re.MULTILINE) == ["10001"]
    for name in (*NAMES, "migrate"):
        unit = ini(text(f"systemd/campaigns-{name}.service"))
        assert unit["Service"]["User"] == "campaigns"
        assert unit["Unit"]["StartLimitIntervalSec"] == "0"
        assert unit["Service"]["Restart"] == ("on-failure" if name == "migrate" else "always")
    assert {service["restart"] for service in services().values()} == {"always"}
    assert not any("user" in service for service in services().values())


def test_every_setting_reaches_every_container() -> None:
    for service in services().values():
        assert set(service["environment"]) == {*PLAN.required, *PLAN.optional, PROXY}
        assert service["environment"]["WASSENGER_API_KEY"] == "${WASSENGER_API_KEY:?is missing}"
    blueprint = yaml.safe_load(text("render.yaml"))
    for service in blueprint["services"][1:]:
        given = {v["key"]: v.get("value") for v in service["envVars"] if "key" in v}
        assert given.pop(PROXY, "*") == "*"
        assert set(given) == set(PLAN.required)
    assert {"key": PROXY, "value": "*"} in blueprint["services"][1]["envVars"]
    config, *_ = yaml.safe_load_all(text("kubernetes/campaigns.yaml"))
    assert config["data"] == {PROXY: NO_PROXY, **PLAN.defaults}


def test_the_servers_beside_are_the_default_and_nobody_else_reaches_them() -> None:
    found = yaml.safe_load(text("compose.yaml"))
    for service in services().values():
        assert service["environment"]["DATABASE_URL"].startswith(
            "${DATABASE_URL:-postgresql://campaigns:${POSTGRES_PASSWORD}@"
        )
        assert service["environment"]["REDIS_URL"] == "${REDIS_URL:-redis://redis:6379/0}"
        assert {"postgres", "redis", "migrate"} == set(service["depends_on"])
    for name, kept in (("postgres", "postgres"), ("redis", "valkey")):
        beside = found["services"][name]
        assert "ports" not in beside
        assert [volume.partition(":")[0] for volume in beside["volumes"]] == [kept]
        assert kept in found["volumes"]
    assert found["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"] == "${POSTGRES_PASSWORD:?is missing}"


def test_a_build_finds_the_same_images_and_the_same_installer_again() -> None:
    images = [line.split()[1] for line in text("Dockerfile").splitlines() if line.startswith("FROM ")]
    images += [service["image"] for service in yaml.safe_load(text("compose.yaml"))["services"].values()]
    released = [image for image in images if image != "campaigns"]
    assert len(released) == 3
    assert all(re.search(r":\d+\.\d+", image) for image in released)
    assert re.search(r"pip install --no-cache-dir uv==\d+\.\d+\.\d+ ", text("Dockerfile"))


def test_what_would_do_everything_twice_is_never_two() -> None:
    found = deployments()
    for name in ("beat", "watchdog"):
        assert (found[name]["spec"]["replicas"], found[name]["spec"]["strategy"]) == (1, {"type": "Recreate"})
    for name in ("web", "worker"):
        assert found[name]["spec"]["replicas"] > 1


def test_kubernetes_refuses_none_of_it() -> None:
    """The schema beside has what these files may say; Kubernetes' own (1.37) has accepted them too."""
    schema = jsonschema_rs.validator_for(json.loads((Path(__file__).parent / "kubernetes.schema.json").read_text()))
    documents = [
        document
        for name in ("migrate", "campaigns")
        for document in yaml.safe_load_all(text(f"kubernetes/{name}.yaml"))
    ]
    for document in documents:
        schema.validate(document)
    pods = [document["spec"]["template"]["spec"] for document in documents if "template" in document.get("spec", {})]
    assert len(pods) == 5
    for pod in pods:
        assert (pod["securityContext"]["runAsNonRoot"], pod["automountServiceAccountToken"]) == (True, False)
        assert not pod["containers"][0]["securityContext"]["allowPrivilegeEscalation"]
    for wrong in ({"replica": 1}, {"replicas": "1"}):
        (beat,) = (document for document in documents if document["metadata"]["name"] == "campaigns-beat")
        assert not schema.is_valid(beat | {"spec": beat["spec"] | wrong})


def test_every_selector_finds_its_own_pods() -> None:
    documents = list(yaml.safe_load_all(text("kubernetes/campaigns.yaml")))
    labels = [d["spec"]["template"]["metadata"]["labels"] for d in documents if d["kind"] == "Deployment"]
    for document in documents:
        selector = document.get("spec", {}).get("selector")
        if selector is not None:
            wanted = selector.get("matchLabels", selector).items()
            assert sum(wanted <= found.items() for found in labels) == 1
            assert document["metadata"]["name"].endswith(dict(wanted)["app.kubernetes.io/component"])


def test_the_database_is_migrated_before_anything_starts() -> None:
    migration = "python -m system migrate"
    assert text("start.sh").index("-m system migrate || exit") < text("start.sh").index("keep_running web")
    assert f"release: {migration}" in text("Procfile")
    assert yaml.safe_load(text("render.yaml"))["services"][1]["preDeployCommand"] == migration
    for service in services().values():
        assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    for name in NAMES:
        assert "campaigns-migrate.service" in ini(text(f"systemd/campaigns-{name}.service"))["Unit"]["After"]


def test_the_scripts_are_scripts(tmp_path: Path) -> None:
    for name in ("start.sh", "supervised.sh"):
        subprocess.run(["bash", "-n", str(DIRECTORY / name)], check=True)
    assert words(procfile()["web"][0])[0] == "uvicorn"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for name in (*NAMES, "migrate"):
        unit = text(f"systemd/campaigns-{name}.service")
        # The paths of the production machine are not those of this one.
        (tmp_path / f"campaigns-{name}.service").write_text(unit.replace("/opt/campaigns/.venv/bin/", "/bin/true "))
    units = sorted(str(unit) for unit in tmp_path.iterdir())
    checked = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (checked.returncode, [line for line in checked.stderr.splitlines() if "campaigns" in line]) == (0, [])


def test_an_edited_or_missing_file_is_named_then_written_again(tmp_path: Path) -> None:
    assert set(write(PLAN, tmp_path)) == set(render(PLAN))
    (tmp_path / "Procfile").write_text("worker: celery worker\n")
    (tmp_path / "compose.yaml").unlink()
    (tmp_path / "start.sh").chmod(0o644)
    assert stale(PLAN, tmp_path) == ["start.sh", "Procfile", "compose.yaml"]
    checked = CliRunner().invoke(app, ["deploy", "render", "--check", "--directory", str(tmp_path)])
    assert checked.exit_code == 1
    assert f"not as the plan says: {tmp_path / 'Procfile'}" in checked.output
    written = CliRunner().invoke(app, ["deploy", "render", "--directory", str(tmp_path)])
    assert (written.exit_code, len(written.output.splitlines())) == (0, 3)
    checked = CliRunner().invoke(app, ["deploy", "render", "--check", "--directory", str(tmp_path)])
    assert (checked.exit_code, checked.output) == (0, "every file is as the plan says\n")
    assert (tmp_path / "start.sh").stat().st_mode & 0o111


@pytest.mark.parametrize("command", ["sh -c 'a'", 'say "a"', "date +%s"])
def test_a_command_some_format_would_read_otherwise_is_refused(command: str) -> None:
    with pytest.raises(ValueError, match="neither quotes nor %"):
        Program(name="web", command=command, stop_seconds=1, why="")
