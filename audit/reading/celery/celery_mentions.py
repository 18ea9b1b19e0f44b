"""Whether a target uses Celery: a project that neither imports it nor depends on it has nothing to audit."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from audit.french.typography import counted
from audit.model.domains import Domain
from audit.model.facts import Process
from audit.model.gaps import Doubt, Gap, UnreadFile
from audit.reading.python.modules import Module, Project
from audit.reading.source_files import Tree, read_text
from audit.target.import_paths import is_relative

_LISTS = re.compile(
    r"(?i)(?:^|/)(?:[\w.\-]*requirements[\w.\-]*\.(?:txt|in)|requirements/.*|setup\.(?:py|cfg)|pyproject\.toml|"
    r"Pipfile(?:\.lock)?|(?:uv|poetry|pdm|pylock[\w.\-]*)\.(?:lock|toml)|environment\.ya?ml|PKG-INFO|METADATA|requires\.txt)$"
)
# A file that starts or builds a project names Celery in full.
_STARTS = re.compile(
    r"(?i)(?:^|/)(?:Procfile|Dockerfile[\w.\-]*|[\w.\-]*compose[\w.\-]*\.ya?ml|Makefile|[\w.\-]+\.(?:sh|service|conf|cfg|ini|toml))"
    r"(?:[.-](?:tmpl|tpl|j2|template|in|dist))?$"
)
_CELERY = re.compile(r"(?i)celery")
# A key of some document, `celeryTaskId`, is none of Celery's names.
_NAMED = re.compile(r"Celery|CELERY|celery(?![A-Z][a-z])")
_COMMENT = re.compile(r"(?m)(?:^|\s)#.*$")
# Libraries that make applications of Celery, and whose names do not say so.
_WRAPPERS = frozenset({"flower", "redbeat", "jobtastic", "superset", "pretix", "udata", "weblate"})
# Other libraries of tasks: what they publish, or decorate, is none of Celery's.
_QUEUES = frozenset(
    ("dramatiq", "huey", "rq", "django_rq", "flask_rq2", "procrastinate", "arq", "taskiq", "saq", "django_q", "background_task", "django_tasks",
     "karton", "streaq", "pgqueuer")
)  # fmt: skip
_TOOLS = sys.stdlib_module_names | {"invoke", "fabric", "locust", "prefect", "airflow", "luigi"}
_PUBLISHES = frozenset({"delay", "apply_async", "send_task", "delay_on_commit", "apply_async_on_commit"})
_MAY_MARK = re.compile(r"\.(?:delay|apply_async|send_task)\w*\(|@.*task|Task\)")


def celery_absence(
    project: Project, tree: Tree, processes: Iterable[Process], gaps: Sequence[Gap]
) -> Domain[str] | None:
    """What was read of a target that names Celery nowhere, with what may still bring it; None for one that names it.

    `gaps` are those of its program. A comment, a docstring or a changelog names nothing.
    """
    modules = project.modules.values()
    lists = [path for path in tree.paths if _LISTS.search(path)]
    starts = [path for path in tree.paths if _STARTS.search(path) and path not in lists]
    texts = (_told(path, source.text) for path in (*lists, *starts) if (source := read_text(tree, path)))
    if (
        not modules
        or any(_CELERY.search(process.command) for process in processes)
        or any(map(_CELERY.search, texts))
        or any(_is_named(module) for module in modules)
    ):
        return None
    told = f", {counted(len(lists), 'liste')} de dépendances" if lists else ""
    silent = {m.source.path for m in modules if not _CELERY.search(m.source.text)}
    unread = (g for g in gaps if not isinstance(g, UnreadFile) or g.path not in silent)
    return Domain((), (*unread, *_brought(project)), f"{counted(len(modules), 'fichier')} Python{told}")


def _told(path: str, text: str) -> str:
    """What a file says to machines: no comment, nor the page of a package that follows what describes it."""
    return _COMMENT.sub("", text.partition("\n\n")[0] if path.endswith(("PKG-INFO", "METADATA")) else text)


def _is_named(module: Module) -> bool:
    """Whether a name or a string of the code does: what Celery is imported by, started with, or configured with."""
    if not _CELERY.search(module.source.text):
        return False
    nodes = [*ast.walk(module.tree)]
    documents = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    told = (value for node in nodes if id(node) not in documents for _, value in ast.iter_fields(node))
    return any(isinstance(text, str) and _NAMED.search(text) for value in told for text in _each(value))


def _each(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else (value,)


def _brought(project: Project) -> tuple[Doubt, ...]:
    """What reads as a use of Celery, from a library that does not say its name."""
    own = {name.partition(".")[0] for name in (*project.modules, *project.packages)}
    imported = {module: dict(_imported(module.tree)) for module in project.modules.values()}
    outside = {
        top: module.source.path for module, names in imported.items() for top in names.values() if top not in own
    }
    if _QUEUES & outside.keys():
        return ()
    wrapped = [f"`{top}`, que `{outside[top]}` importe, emploie Celery" for top in sorted(_WRAPPERS & outside.keys())]
    marks = (
        f"`{ast.unparse(mark)}`, `{module.source.path}:{mark.lineno}`, peut employer Celery par une bibliothèque"
        for module, names in imported.items()
        if _MAY_MARK.search(module.source.text)
        for mark in _marks(module.tree, {name: top for name, top in names.items() if top not in own})
    )
    return tuple(Doubt(why=why) for why in (*wrapped, *marks))


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each name that imports bind, with the top of what it comes from; a relative one comes from nothing outside."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((one.asname or one.name.partition(".")[0], one.name.partition(".")[0]) for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not is_relative(node):
            yield from ((one.asname or one.name, node.module.partition(".")[0]) for one in node.names)


def _marks(tree: ast.Module, outside: Mapping[str, str]) -> Iterator[ast.expr]:
    """What publishes, whoever is asked to; decorators and bases called a task, of `outside` names or of a value's attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _PUBLISHES:
            yield node.func
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for one in (*node.decorator_list, *getattr(node, "bases", ())):
                called = one.func if isinstance(one, ast.Call) else one
                root, _, attribute = ast.unparse(called).partition(".")
                is_tool = outside.get(root, "") in _TOOLS
                if (attribute or (root if root in outside else "")).lower().endswith("task") and not is_tool:
                    yield called
