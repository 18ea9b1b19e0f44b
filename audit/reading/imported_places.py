"""Finds packages that are named as examples, documentation or tests and that the program loads."""

import re

from audit.model.test_files import place_beside
from audit.reading.python.modules import Module, Project

# What gives Celery or Django a list of modules to load.
_LISTS = re.compile(r"\binclude\b|\b(CELERY_)?IMPORTS\b|\bimports\s*=|autodiscover_tasks\(|INSTALLED_APPS")


def imported_places(project: Project) -> tuple[str, ...]:
    """The folders, with a slash, of such packages."""
    packages: dict[str, str] = {}
    tests: dict[str, str] = {}
    for module in project.modules.values():
        if place := place_beside(module.source.path, project.program):
            packages[_package(module, place)] = place
        elif place := place_beside(module.source.path, project.program, tests=True):
            # By its own name, and by that of the application of Django around it.
            tests |= dict.fromkeys((module.name, _package(module, place)), place)
    if not (packages.keys() | tests.keys()) - {""}:
        return ()
    program = project.own()
    listed = {name for module in program if _LISTS.search(module.source.text) for name in _quoted(module)}
    loaded = [place for package, place in packages.items() if any(_loads(module, package) for module in program)]
    return (*loaded, *dict.fromkeys(place for name, place in tests.items() if name in listed))


def _quoted(module: Module) -> list[str]:
    """The dotted names that a module holds as texts, but for settings: a choice of them loads no task."""
    lines = (line for line in module.source.text.splitlines() if "DJANGO_SETTINGS_MODULE" not in line)
    return re.findall(r"""["']([A-Za-z_]\w*(?:\.\w+)+)["']""", "\n".join(lines))


def _package(module: Module, place: str) -> str:
    """The dotted name of a folder around a module; empty where imports start from it."""
    below = module.source.path.removeprefix(place).count("/") + (not module.is_package)
    parts = module.name.split(".")
    return ".".join(parts[: len(parts) - below])


def _loads(module: Module, package: str) -> bool:
    """Whether a module imports a package by its name, or lists it among Django's applications."""
    text = module.source.text
    parent, _, last = package.rpartition(".")
    if not package or last not in text:
        return False
    found = re.search(rf"(?m)^\s*(?:from|import)\s+{re.escape(package)}\b", text)
    if not found and parent == module.package:
        found = re.search(rf"(?m)^\s*from\s+\.(?:{last}\b|\s+import\b[^\n]*\b{last}\b)", text)
    if not found and "INSTALLED_APPS" in text:
        found = re.search(rf"['\"]{re.escape(package)}(?:\.[\w.]+)?['\"]", text)
    return found is not None
