"""What one call starts in Python: a program of the machine, or Celery in the process itself."""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from audit.reading.deployment.python_words import Words, dotted, split_text, unknown

_PATHED = {f"os.{name}": 0 for name in ("execv", "execve", "execvp", "execvpe", "posix_spawn", "posix_spawnp")}
_PATHED |= {f"os.{name}": 1 for name in ("spawnv", "spawnve", "spawnvp", "spawnvpe")}
_SPELT = frozenset({"os.execl", "os.execlp", "os.execle", "os.execlpe"})
_CHECKED = frozenset({"subprocess.check_call", "subprocess.check_output"})
_WAITED = frozenset({"subprocess.run", "subprocess.call", "subprocess.getoutput", "os.system", *_CHECKED})
_LEFT = frozenset((
    "subprocess.Popen", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell",
    "asyncio.subprocess.create_subprocess_exec",
))  # fmt: skip
_TEXTS = frozenset({"os.system", "subprocess.getoutput", "asyncio.create_subprocess_shell"})
_MAIN = frozenset({
    "celery.__main__.main", "celery.bin.celery.main", "celery.bin.celery.celery", "celery.bin.celery.celery.main",
})  # fmt: skip
_STARTS = frozenset({"worker_main", "start", "execute_from_commandline"})
_ROLES = frozenset({"worker", "beat", "multi"})
_NAMES = frozenset({"celery", "celery_app", "celeryapp", "current_app"})


@dataclass(frozen=True)
class Command:
    """Its words. `replaces`: the program of the call becomes it. `left`: the call does not wait. `checked`: its failure is one of the call."""

    text: str
    replaces: bool = False
    left: bool = False
    checked: bool = False


def command_of(call: ast.Call, words: Words) -> Command | None:
    """What a call starts; None for one that starts no program."""
    name = dotted(call.func, words.imported)
    for known, read in _BY_NAME:
        if name in known:
            return read(call, name, words)
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if isinstance(call.func, ast.Attribute) and method in _STARTS:
        return _given(call, call.func, words)
    if (
        isinstance(call.func, ast.Attribute)
        and method in {"Worker", "Beat"}
        and _is_application(call.func.value, words)
    ):
        options = [word for keyword in call.keywords for word in _option(keyword, words)]
        return _celery(call.func.value, [method.lower(), *options], words)
    return None


def _pathed(call: ast.Call, name: str, words: Words) -> Command | None:
    """`os.execvp(path, argv)`: the first of the words is only a name, which the path says better."""
    given = [words.of(argument) for argument in call.args[_PATHED[name] : _PATHED[name] + 2]]
    return Command(_program(*given), replaces="exec" in name) if len(given) == 2 else None


def _spelt(call: ast.Call, _: str, words: Words) -> Command:
    """`os.execlp(path, word, word…)`."""
    return Command(_program(words.each(call.args[:1]), words.each(call.args[1:])), replaces=True)


def _program(path: Sequence[str], argv: Sequence[str]) -> str:
    known = len(path) == 1 and "$" not in path[0]
    return " ".join([*(path if known else argv[:1]), *argv[1:]])


def _run(call: ast.Call, name: str, words: Words) -> Command | None:
    keywords = {k.arg: k.value for k in call.keywords if k.arg}
    given = call.args[0] if call.args else keywords.get("args", keywords.get("cmd"))
    if given is None:
        return None
    split = split_text(given, words.imported)
    if split is not None or name in _TEXTS or is_true(keywords.get("shell")):
        text = words.raw(split or given)
    else:
        text = " ".join(words.each(call.args if name.endswith("create_subprocess_exec") else [given]))
    return Command(text, left=name in _LEFT, checked=name in _CHECKED or is_true(keywords.get("check")))


def _main(call: ast.Call, _: str, words: Words) -> Command | None:
    """Celery's own command line."""
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg in {"args", "argv"})]
    return Command(" ".join(["celery", *_without_name(words.of(given[0]))]), replaces=True) if given else None


_BY_NAME: tuple[tuple[frozenset[str], Callable[[ast.Call, str, Words], Command | None]], ...] = (
    (frozenset(_PATHED), _pathed),
    (_SPELT, _spelt),
    (_WAITED | _LEFT, _run),
    (_MAIN, _main),
)


def _given(call: ast.Call, method: ast.Attribute, words: Words) -> Command | None:
    """`app.worker_main([…])`, `app.start(argv=[…])`: the words after `celery`, those of the program itself without any."""
    given = next(iter([*call.args[:1], *(k.value for k in call.keywords if k.arg == "argv")]), None)
    surely = method.attr == "worker_main"
    if given is None:
        return _celery(method.value, ['"$@"'], words) if surely or _is_application(method.value, words) else None
    argv = _without_name(words.of(given))
    if not surely and _ROLES.isdisjoint(argv):
        return None
    return _celery(method.value, argv if "worker" in argv or not surely else ["worker", *argv], words)


def _without_name(argv: Sequence[str]) -> Sequence[str]:
    return argv[1:] if argv[:1] and argv[0].rpartition("/")[2] == "celery" else argv


def _celery(holder: ast.expr, argv: Sequence[str], words: Words) -> Command:
    """A command of Celery, with `-A module:name` where the application is imported by that name."""
    name = words.imported.get(holder.id, "") if isinstance(holder, ast.Name) else ""
    module, _, attribute = name.rpartition(".")
    named = ["-A", f"{module}:{attribute}"] if module and not module.startswith("celery") else []
    return Command(" ".join(["celery", *named, *argv]), replaces=True)


def _is_application(holder: ast.expr, words: Words) -> bool:
    name = dotted(holder, words.imported)
    return name.rpartition(".")[2] in _NAMES or (isinstance(holder, ast.Name) and "celery" in name.lower())


def _option(keyword: ast.keyword, words: Words) -> Iterator[str]:
    if keyword.arg is None:
        yield unknown(keyword.value)
        return
    if isinstance(keyword.value, ast.Constant) and keyword.value.value in {False, None}:
        return
    yield f"--{keyword.arg.replace('_', '-')}"
    if not is_true(keyword.value):
        yield ",".join(words.of(keyword.value))


def is_true(node: ast.expr | None) -> bool:
    """Whether it is `True`, as written."""
    return isinstance(node, ast.Constant) and node.value is True
