"""Which files start processes, and of which kind each is."""

import re

from audit.model.test_files import STARTED_FOR_TESTS
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.file_templates import plain_name
from audit.reading.deployment.service_folders import is_service_run
from audit.reading.source_files import Source


def may_be_one(path: str) -> bool:
    """Whether a file has the name of one that starts processes, and not those of tests."""
    path, whole = plain_name(path), path
    name = path.rpartition("/")[2].lower()
    if STARTED_FOR_TESTS & set(re.split(r"[^a-z0-9]+", path.lower())):
        return False
    return (
        is_service_run(path)
        or name.endswith((".sh", ".service", ".conf", ".ini", ".dockerfile", ".yaml", ".yml"))
        or name.startswith(("procfile", "dockerfile"))
        or (path != whole and "." not in name)
    )


def is_bare_script(path: str, around: Around) -> bool:
    """Whether a file without a suffix is a script that speaks of Celery."""
    name = path.rpartition("/")[2]
    if "." in name or name.isupper() or STARTED_FOR_TESTS & set(re.split(r"[^a-z0-9]+", path.lower())):
        return False
    source = around.source(path)
    return source is not None and source.text.startswith("#!") and "celery" in source.text.lower()


def is_makefile(path: str) -> bool:
    """Whether `make` reads a file unasked."""
    return path.rpartition("/")[2].lower() in {"makefile", "gnumakefile"}


def kind_of(source: Source, *, declared: bool) -> str:
    """Which reader a file is for; empty for none."""
    name = source.path.rpartition("/")[2].lower()
    by_name = {
        "procfile": name.startswith("procfile"),
        "dockerfile": name.startswith("dockerfile") or name.endswith(".dockerfile"),
        "render": bool(re.fullmatch(r"render.*\.ya?ml", name)),
        "kubernetes": name.endswith((".yaml", ".yml")) and _workloads(source.text),
        "compose": bool(re.fullmatch(r"(docker-)?compose.*\.ya?ml", name))
        or (name.endswith((".yaml", ".yml")) and (declared or _holds_services(source.text))),
        "makefile": is_makefile(name),
        "systemd": name.endswith(".service"),
        "supervisor": "[program:" in source.text and not name.endswith((".sh", ".py", ".md")),
        "circus": "[watcher:" in source.text and name.endswith((".ini", ".conf")),
        "folder": is_service_run(source.path),
        "shell": name.endswith((".sh", ".bash")) or bool(re.match(r"#!.*\b(ba|da|z|k)?sh\b", source.text)),
    }
    return next((kind for kind, matches in by_name.items() if matches), "")


def _workloads(text: str) -> bool:
    return "containers:" in text and "\nkind:" in f"\n{text}"


def _holds_services(text: str) -> bool:
    """Whether a YAML file reads as one of compose, whatever its name."""
    return bool(re.search(r"(?m)^services:\s*(#.*)?$", text) and re.search(r"(?m)^\s+(image|build|command):", text))
