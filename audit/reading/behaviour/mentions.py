"""What only the presence of a name tells: results that are read, retry functions that only tests call."""

import ast
import re
from collections.abc import Container, Iterator, Mapping, Sequence, Set

from audit.model.observations.failure_handling import RetryFunction
from audit.model.observations.messages import ResultRead
from audit.model.observations.observation import Observation
from audit.model.word_tables import word_list
from audit.reading.behaviour.scope import last
from audit.reading.python.child_nodes import walk
from audit.reading.python.modules import Module, Project
from audit.reading.python.parameters import parameters_of
from audit.reading.python.syntax_cache import Definition

_READS = word_list("AsyncResult GroupResult ResultSet chord( allow_join_result .ready() .successful() .get(timeout=")
_READ_AT_ONCE = re.compile(r"(?:delay|apply_async|send_task)\([^\n]*\)\.(?:get|result|wait|join)\b")
# An identifier that comes from elsewhere may be that of any task.
_OF_ANY = ("AsyncResult", "GroupResult", "ResultSet", "result_from_tuple", "TaskResult", "get_task_meta")
_OF_THE_BACKEND = re.compile(
    r"backend\.(?:get_(?:result|state|status|traceback|task_meta|many|key_for_task)|wait_for|join_native)\b|celery-task-meta-"
)
# As `ast.unparse` writes them.
_DESCRIPTION = re.compile(r'(?ms)^[ ]*""".*?"""$')
_ENDS_ONLY = re.compile(r"\b(?:Async|Group)Result\([^()]*\)\.(?:revoke|forget|id|task_id)\b")
_IMPORTED = re.compile(r"(?m)^ *from [\w.]+ import (?!.* as ).*$")
_ASKED = re.compile(r"\b(\w+)\.(?:delay|apply_async|s|si|signature|subtask)\(")
_SPEAKS = re.compile(r"(?i)retry|retries|back_?off|recul|reprise")
_MAY_SPEAK = re.compile(rf"{_SPEAKS.pattern}|attempt|tries|essai")
_WAITS = re.compile(r"(?i)delay|countdown|wait|interval|seconds|pause|attempt")
_COUNTS = re.compile(
    r"(?i)^(n_?|nb_?)?(retries|retry|tries|attempts?|essais?|reprises?)(_?(count|number|no|index|made))?$"
)
# Bases that call no method of their own.
_PLAIN_BASES = frozenset({"object", "ABC", "Enum", "NamedTuple", "Protocol", "BaseModel", "Generic"})
_OF_TASKS = frozenset({"delay", "retry"})
_WORD = re.compile(r"\w+")


def mentions(project: Project) -> Iterator[Observation]:
    """ResultRead, once a module; each RetryFunction, with whether tests call it and whether anything else does."""
    modules = [project.modules[name] for name in sorted(project.modules)]
    tests = {module.name for module in modules if project.is_test_file(module.source.path)}
    for module in modules:
        if module.name not in tests and (text := _reading_results(module)):
            of_any = any(word in text for word in _OF_ANY) or _OF_THE_BACKEND.search(text) is not None
            yield ResultRead("", None, module.source.path, frozenset(_ASKED.findall(text)), of_any)
    speaking = [m for m in modules if m.name not in tests and _MAY_SPEAK.search(f"{m.name} {m.source.text}")]
    functions = {module.name: [*_retry_functions(module)] for module in speaking if tests}
    naming = _naming(modules, {function.name for every in functions.values() for function, _ in every})
    for module in speaking:
        for function, cls in functions.get(module.name, ()):
            yield from _retry_function(module, function, cls, naming.get(function.name, ()), tests)


def _naming(modules: Sequence[Module], names: Set[str]) -> Mapping[str, Sequence[Module]]:
    """Modules that hold the name of a retry function, by that name: each text is read once, however many there are."""
    naming: dict[str, list[Module]] = {}
    for module in modules:
        for name in names & {*_WORD.findall(module.source.text)} if names else ():
            naming.setdefault(name, []).append(module)
    return naming


def _reading_results(module: Module) -> str:
    """The code of a module that reads results, without comments; empty where only they speak of it, or nothing does."""
    return code if _reads_results(module.source.text) and _reads_results(code := _code(module)) else ""


def _code(module: Module) -> str:
    """The text of a module without comments, descriptions, nor results that are only named, revoked or forgotten."""
    text = _ENDS_ONLY.sub("", _DESCRIPTION.sub("", ast.unparse(module.tree)))
    used = any(word in _IMPORTED.sub("", text) for word in _OF_ANY)
    return text if used else _IMPORTED.sub("", text)


def _reads_results(text: str) -> bool:
    published = "delay(" in text or "apply_async(" in text or "send_task(" in text
    text = text.replace("super().ready()", "")  # Django's `AppConfig.ready`
    at_once = published and _READ_AT_ONCE.search(text) is not None
    return at_once or any(word in text for word in _READS) or _OF_THE_BACKEND.search(text) is not None


def _retry_functions(module: Module) -> Iterator[tuple[Definition, str]]:
    """The functions of a module that work out a retry, methods too, each with its class; what is decorated may be called by what decorates."""
    for node in module.tree.body:
        if isinstance(node, Definition) and _is_of_retries(node, module.name.rpartition(".")[2]):
            yield node, ""
        elif isinstance(node, ast.ClassDef) and {last(base) for base in node.bases} <= _PLAIN_BASES:
            methods = (n for n in node.body if isinstance(n, Definition) and not n.name.startswith("__"))
            yield from ((method, node.name) for method in methods if _is_of_retries(method, node.name))


def _is_of_retries(function: Definition, around: str) -> bool:
    """Whether the name of a function speaks of retries; or of a delay, where what holds it does, or what it is given counts them.

    One that is given their count and calls itself is one, whatever its name.
    """
    if function.decorator_list:
        return False
    given = any(map(_COUNTS.match, parameters_of(function.args)))
    if given and any(isinstance(n, ast.Call) and last(n.func) == function.name for n in walk(function)):
        return True
    counted = _SPEAKS.search(around) or given
    return bool(_SPEAKS.search(function.name) or (_WAITS.search(function.name) and counted))


def _retry_function(
    module: Module, function: Definition, cls: str, naming: Sequence[Module], tests: Container[str]
) -> Iterator[RetryFunction]:
    name, start = function.name, r"\." if cls else ""
    own = rf"from|import|(?:async )?def {name}\b"
    called = re.compile(rf"(?m)^(?!\s*(?:{own})\b)[^\n#]*{start}\b{name}\b(?!\s*=[^=])(?![^\n]*\bimport\b)")
    own_lines = (function.lineno, function.end_lineno or function.lineno)
    users = [o for o in naming if called.search(_without_imports(o, own_lines if o is module else (0, 0)))]
    tested = any(other.name in tests and cls in other.source.text for other in users)
    used = any(other.name not in tests for other in users)
    if used and name in _OF_TASKS:
        # Tasks have a method of that name.
        return
    excerpt = module.source.excerpt(function.lineno, function.lineno + 2)
    yield RetryFunction(f"{module.name}:{cls}.{name}" if cls else f"{module.name}:{name}", excerpt, tested, used)


def _without_imports(module: Module, apart: tuple[int, int]) -> str:
    """The text of a module, without its imports, nor the lines of a function that may call itself."""
    first, end = apart
    lines = module.source.text.split("\n")
    text = "\n".join(lines[: first - 1] + lines[end:]) if first else module.source.text
    return re.sub(r"(?m)^\s*from [^\n]+ import \([^)]*\)", "", text)
