"""What only the presence of a name tells: results that are read, retry functions that only tests call."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence

from audit.model.observations.failure_handling import RetryFunction
from audit.model.observations.messages import ResultRead
from audit.model.observations.observation import Observation
from audit.reading.python.modules import Module, Project

_READS = (
    "AsyncResult",
    "GroupResult",
    "ResultSet",
    "chord(",
    "allow_join_result",
    ".ready()",
    ".successful()",
    ".get(timeout=",
)
_READ_AT_ONCE = re.compile(r"(?:delay|apply_async|send_task)\([^\n]*\)\.(?:get|result|wait|join)\b")
# An identifier that comes from elsewhere may be that of any task.
_OF_ANY = ("AsyncResult", "GroupResult", "ResultSet", "result_from_tuple", "TaskResult", "get_task_meta")
_OF_THE_BACKEND = re.compile(
    r"backend\.(?:get_(?:result|state|status|traceback|task_meta|many|key_for_task)|wait_for|join_native)\b|celery-task-meta-"
)
_ASKED = re.compile(r"\b(\w+)\.(?:delay|apply_async|s|si|signature|subtask)\(")
_RETRY_WORDS = ("retry", "retries", "backoff", "back_off", "recul", "reprise")
_RETRY_FUNCTION = re.compile(
    r"^(?:async )?def (\w*(?:retry|retries|backoff|back_off|recul|reprise)\w*)\(", re.MULTILINE
)
_WORD = re.compile(r"\w+")
_DECORATED = re.compile(r"@[^\n]*\n\Z")


def mentions(project: Project) -> Iterator[Observation]:
    """ResultRead, once a module; each RetryFunction, with whether tests call it and whether anything else does."""
    modules = [project.modules[name] for name in sorted(project.modules)]
    tests = {module.name for module in modules if project.is_test_file(module.source.path)}
    for module in modules:
        if module.name not in tests and _reads_results(module.source.text):
            text = module.source.text
            of_any = any(word in text for word in _OF_ANY) or _OF_THE_BACKEND.search(text) is not None
            yield ResultRead("", None, module.source.path, frozenset(_ASKED.findall(text)), of_any)
    speaking = [module for module in modules if any(word in module.source.text for word in _RETRY_WORDS)]
    naming = _naming(speaking)
    for module in speaking:
        if module.name not in tests:
            yield from _retry_functions(module, naming, tests)


def _naming(modules: Sequence[Module]) -> Mapping[str, Sequence[Module]]:
    """Modules that hold the name of a retry function, by that name: each text is read once, however many there are."""
    names = {found.group(1) for module in modules for found in _RETRY_FUNCTION.finditer(module.source.text)}
    naming: dict[str, list[Module]] = {}
    for module in modules:
        for name in names.intersection(_WORD.findall(module.source.text)):
            naming.setdefault(name, []).append(module)
    return naming


def _reads_results(text: str) -> bool:
    published = "delay(" in text or "apply_async(" in text or "send_task(" in text
    text = text.replace("super().ready()", "")  # Django's `AppConfig.ready`
    at_once = published and _READ_AT_ONCE.search(text) is not None
    return at_once or any(word in text for word in _READS) or _OF_THE_BACKEND.search(text) is not None


def _retry_functions(
    module: Module, naming: Mapping[str, Sequence[Module]], tests: Container[str]
) -> Iterator[Observation]:
    text = module.source.text
    for found in _RETRY_FUNCTION.finditer(text):
        # What decorates a function may call it: a task, a route, a fixture.
        if _DECORATED.search(text[: found.start()]):
            continue
        name = found.group(1)
        called = re.compile(rf"(?m)^(?!\s*(?:from|import|def|async def)\b)[^\n#]*\b{name}\b(?![^\n]*\bimport\b)")
        users = [other for other in naming[name] if called.search(_without_imports(other))]
        tested = any(other.name in tests for other in users)
        used = any(other.name not in tests for other in users)
        line = text.count("\n", 0, found.start()) + 1
        excerpt = module.source.excerpt(line, line + 2)
        yield RetryFunction(f"{module.name}:{name}", excerpt, tested, used)


def _without_imports(module: Module) -> str:
    return re.sub(r"(?m)^\s*from [^\n]+ import \([^)]*\)", "", module.source.text)
