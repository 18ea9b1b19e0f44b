"""What the command of a probe asks: Celery's own node, any node, or only whether a process of some name is there."""

import ast
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from audit.model.findings import Excerpt
from audit.model.probes import Probe
from audit.reading.deployment.command_wrappers import unwrapped
from audit.reading.deployment.deployment_facts import asks_for_life, names_a_node
from audit.reading.deployment.entry_scripts import called_script
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.python_programs import program_of
from audit.reading.deployment.stop_orders import seconds
from audit.target.python_syntax import UnparsableError, parse

_HOST = re.compile(r"gethostname|getfqdn|\buname\b|HOSTNAME|\bnode\(\)|nodename")
_BY_NAME = re.compile(
    r"\b(pgrep|pidof)\b[^;&|]*|\bps\b[^;&]*\|\s*grep\b[^;&|]*|\bkill\s+-0\b|\btest\s+-[fe]\s+\S*pid\b|\[\s+-[fe]\s+\S*pid\b"
)
_HTTP = re.compile(r"\b(curl|wget)\b[^;&|]*\b(localhost|127\.0\.0\.1|0\.0\.0\.0)\b")


@dataclass(frozen=True)
class _Asked:
    own_node: bool
    reply: float | None


def probe_read(probe: Probe, place: Excerpt, around: Around, *, of_image: bool = False) -> Probe:
    """The same, with what its command, or the script or the program of the target that it runs, asks Celery.

    `of_image`: it is that of an image whose own command is another than the worker's.
    """
    from audit.reading.deployment.shell_scripts import read_commands  # noqa: PLC0415  the grammar is loaded where a command is found

    words = _split(probe.command)
    script = called_script(words, around)
    text = script.text if script else probe.command
    given = words[2:] if words[:1] and words[0].rpartition("/")[2] in {"sh", "bash"} else words[1:]
    commands = [command.words for command in read_commands(text, {}, given if script else (), around=around)]
    asked = [found for one in (words, *commands) for found in _by_python(unwrapped(one), around)]
    asked = asked or [_by_command(" ".join(one)) for one in commands if asks_for_life(" ".join(one))]
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    asked = asked or ([_by_command(bare)] if asks_for_life(bare) else [])
    if not asked:
        return replace(probe, place=place, mute=_mute(bare, of_image=of_image))
    # A script that asks twice is content with its own node, where it names it once.
    best = next((one for one in asked if one.own_node), asked[0])
    return replace(probe, asks=True, own_node=best.own_node, reply=best.reply, place=place)


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _by_command(text: str) -> _Asked:
    given = re.search(r"(?:--timeout|-t)[= ]\s*[\"']?([\w.${}:-]+)", text)
    return _Asked(names_a_node(text), seconds(given.group(1)) if given else 1.0)


def _mute(text: str, *, of_image: bool) -> str:
    """Why a probe that asks Celery nothing does not tell whether the worker lives, in French; empty where that is not known."""
    named = _BY_NAME.search(text)
    if named:
        return (
            f"elle ne cherche qu'un processus, ou un fichier de pid (`{named[0].strip()}`) : un worker bloqué la passe"
        )
    if of_image and _HTTP.search(text):
        return "celle de l'image interroge un serveur HTTP, que la commande du worker ne lance pas"
    return ""


def _by_python(words: Sequence[str], around: Around) -> Iterator[_Asked]:
    """What a program of the target in Python asks: `control.ping()`, `control.inspect().ping()`."""
    given = list(words[1:])
    inline = given[given.index("-c") + 1 :] if "-c" in given and "python" in words[0] else []
    program = None if inline else program_of(words, around)
    source = around.source(program.path) if program else None
    try:
        tree = parse(source.text if source else "".join(inline[:1]))
    except UnparsableError:
        return
    filters = _keeps_its_own(tree)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        told = ast.unparse(call.func)
        if re.search(r"\b(control|inspect)\b.*\.?\b(ping|broadcast)$|^(inspector|insp|i)\.ping$", told):
            above = [call, *(node for node in ast.walk(tree) if _makes_inspector(node))]
            yield _Asked(filters or any(map(_is_aimed, above)), next(filter(None, map(_timeout, above)), 1.0))


def _makes_inspector(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2].lower() == "inspect"


def _is_aimed(node: ast.AST) -> bool:
    """Whether a call names the nodes that it asks."""
    if not isinstance(node, ast.Call):
        return False
    named = [k.value for k in node.keywords if k.arg == "destination"]
    named += node.args[:1] if ast.unparse(node.func).rpartition(".")[2] in {"inspect", "ping"} else []
    return any(not (isinstance(value, ast.Constant) and value.value is None) for value in named)


def _timeout(node: ast.AST) -> float | None:
    given = next((k.value for k in node.keywords if k.arg == "timeout"), None) if isinstance(node, ast.Call) else None
    return float(given.value) if isinstance(given, ast.Constant) and isinstance(given.value, int | float) else None


def _keeps_its_own(tree: ast.AST) -> bool:
    """Whether the answers are looked up by a name that is made of the host's."""
    own = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _HOST.search(ast.unparse(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    def is_own(node: ast.AST) -> bool:
        return _HOST.search(ast.unparse(node)) is not None or any(
            isinstance(part, ast.Name) and part.id in own for part in ast.walk(node)
        )

    for node in ast.walk(tree):
        compared = isinstance(node, ast.Compare) and (is_own(node.left) or any(map(is_own, node.comparators)))
        looked = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and is_own(node.slice)
        got = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".get") and any(map(is_own, node.args[:1]))
        if (compared or looked or got) and "environ" not in ast.unparse(node):
            return True
    return False
