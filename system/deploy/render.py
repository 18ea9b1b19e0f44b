"""Renders the deployment files of a plan from the templates beside this module."""

import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from system.deploy import plan as constants
from system.deploy.plan import Plan

DIRECTORY = Path(__file__).parent
NOTICE = "Rendered by `python -m system deploy render`: edit system/deploy/plan.py or system/deploy/templates, not this file."
EXECUTABLE = frozenset({"start.sh", "supervised.sh"})
FILES = (
    "start.sh",
    "supervisord.conf",
    "supervised.sh",
    "Procfile",
    "render.yaml",
    "compose.yaml",
    "Dockerfile",
    "Dockerfile.dockerignore",
    "kubernetes/migrate.yaml",
    "kubernetes/campaigns.yaml",
)
_CONSTANTS = {
    "migrate": constants.MIGRATE,
    "heroku_stop_seconds": constants.HEROKU_STOP_SECONDS,
    "python_image": constants.PYTHON_IMAGE,
    "postgres_image": constants.POSTGRES_IMAGE,
    "valkey_image": constants.VALKEY_IMAGE,
    "uv": constants.UV,
    "proxy": constants.PROXY,
    "no_proxy": constants.NO_PROXY,
}


def _listed(words: tuple[str, ...]) -> str:
    """`web, worker and beat`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _with_defaults(variables: dict[str, str]) -> str:
    """`PORT (8000), WEB_HOST (0.0.0.0)`."""
    return ", ".join(f"{name} ({default})" for name, default in variables.items())


def _any_python(command: str) -> str:
    """The interpreter is the one PYTHON names, where there is a shell to say so."""
    return f'"${{PYTHON:-python}}"{command.removeprefix("python")}' if command.startswith("python ") else command


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(DIRECTORY / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # shell, INI and YAML, from our own plan
    )
    environment.filters |= {"listed": _listed, "with_defaults": _with_defaults}
    environment.filters |= {"any_python": _any_python, "quoted": json.dumps}
    environment.globals |= {"notice": NOTICE} | _CONSTANTS
    return environment


def render(plan: Plan) -> dict[str, str]:
    """The text of every deployment file, by its path in `system/deploy`."""
    environment = _environment()
    files = {name: environment.get_template(f"{name}.j2").render(plan=plan) for name in FILES}
    files["systemd/campaigns-migrate.service"] = environment.get_template("systemd/migrate.service.j2").render()
    unit = environment.get_template("systemd/program.service.j2")
    return files | {
        f"systemd/campaigns-{program.name}.service": unit.render(plan=plan, program=program)
        for program in plan.programs
    }


def stale(plan: Plan, directory: Path = DIRECTORY) -> list[str]:
    """Paths in `directory` whose file is missing, differs from the plan, or cannot be executed though it must."""
    return [name for name, text in render(plan).items() if not _is_fresh(directory / name, text)]


def _is_fresh(file: Path, text: str) -> bool:
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        return False
    return file.name not in EXECUTABLE or bool(file.stat().st_mode & 0o111)


def write(plan: Plan, directory: Path = DIRECTORY) -> list[str]:
    """Writes the files that are not as the plan says; returns their paths."""
    texts = render(plan)
    written = stale(plan, directory)
    for name in written:
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(texts[name], encoding="utf-8")
        file.chmod(0o755 if file.name in EXECUTABLE else 0o644)
    return written
