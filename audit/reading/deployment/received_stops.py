"""Who stops a process, and what the signal reaches: the orders of its files, and the shells on the way."""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from posixpath import basename

from audit.model.stops import Entry, Receives, Stop
from audit.reading.deployment.command_line import Line
from audit.reading.deployment.command_wrappers import unwrapped
from audit.reading.deployment.dockerfiles import read_image
from audit.reading.deployment.entry_scripts import called_script
from audit.reading.deployment.file_references import Around, assignments
from audit.reading.deployment.process_runs import SHELLS, Run, runners
from audit.reading.deployment.signal_paths import MAIN, SCRIPT, Reach, reach_of, wrapped

Chain = tuple[Run, ...]
_WORST = (Receives.GROUP, Receives.NOBODY, Receives.UNKNOWN)
_REMAPPED = re.compile(r"(?m)^[^#\n]*\bREMAP_SIGTERM\s*[=:]\s*[\"']?(\$?[\w{}:-]+)")
_SOURCED = re.compile(r"(?m)(?:^|[;&|]|\bthen\b|\bdo\b)\s*(?:\.|source)\s+[\"']?([^\s;&|\"']+)")
# Commands that may start another environment, as the machine decides.
_RESETS = re.compile(
    r"\bsudo\b(?![^\n;&|]*(?:\s-\w*E|--preserve-env))|\bsu\s+(?:-\s|-l|--login)|\brunuser\s+(?:-\s|-l|--login)"
)
_OUTSIDE_CONTAINERS = frozenset({"supervisor", "systemd", "procfile", "shell", "makefile"})


def stops_of(run: Run, runs: Sequence[Run], around: Around) -> tuple[Stop, ...]:
    """One a way that the project starts it; none for the command of an image that every service replaces."""
    replacing = (r for r in runs if r.line.entry == run.path and r.line.target == run.line.target)
    if run.kind == "dockerfile" and not runners(run, runs) and any(replacing):
        return ()
    return tuple(dict.fromkeys(_stop(chain, around) for chain in _chains(run, runs, ())))


def _chains(run: Run, runs: Sequence[Run], seen: tuple[str, ...]) -> Iterator[Chain]:
    """From a run to those that start its file, the outermost last. A supervisor also stops what it started by itself."""
    found = [] if run.path in seen else _starters(run, runs)
    if not found or run.kind == "supervisor":
        yield (run,)
    for runner in found:
        for chain in _chains(runner, runs, (*seen, run.path)):
            yield (run, *chain)


def _starters(run: Run, runs: Sequence[Run]) -> list[Run]:
    if run.kind != "supervisor":
        return runners(run, runs)
    started = [(r, unwrapped(r.words)) for r in runs if r.kind != "supervisor" and r.words]
    found = [(r, words) for r, words in started if words and words[0].rpartition("/")[2] == "supervisord"]
    name = run.path.rpartition("/")[2]
    return [r for r, words in found if len(found) == 1 or any(word.endswith(name) for word in words)]


def _stop(chain: Chain, around: Around) -> Stop:
    variables = environment_of(chain, around)
    own = chain[:1] if chain[0].kind == "supervisor" else chain
    hops = [(run, reach) for run in own for reach in _reaches(run, around, variables)]
    # Programs of supervisord are in groups of their own: it must get the signal, and it alone passes it on.
    outer = [(run, reach) for run in chain[len(own) :] for reach in _reaches(run, around, variables)]
    hops += [(run, reach) for run, reach in outer if reach.receives in {Receives.NOBODY, Receives.UNKNOWN}]
    run, worst = next((h for kind in _WORST for h in hops if h[1].receives is kind), (chain[0], MAIN))
    managers = [r.line.stop for r in chain if r.line.stop.by]
    graces = [order.grace for order in managers]
    grace = None if not graces or None in graces else min(g for g in graces if g is not None)
    signals = [reach.signal for _, reach in hops] + [s for r in own[::-1] for s in _signals(r, around)]
    return Stop(
        managers[-1].by if managers else "",
        worst.receives,
        worst.why,
        grace,
        next(filter(None, signals), "TERM"),
        _remapped(chain, variables, around),
        run.excerpt,
        entry_of(own, around),
    )


def _signals(run: Run, around: Around) -> list[str]:
    """The signal that a file gives; for a service, else that of the image it builds."""
    image, stop = _image(run, around), run.line.stop
    own = stop.signal if stop.by or stop.signal != "TERM" else ""
    return [own, image.stop.signal if image else ""]


def _image(run: Run, around: Around) -> Line | None:
    """The image that a service builds, and to which it gives a command of its own."""
    source = around.source(run.line.entry) if run.line.entry else None
    return read_image(source, run.line.target) if source else None


def environment_of(chain: Chain, around: Around) -> dict[str, str]:
    """The variables that a process is given by its files, from the one that starts it to those that start that one."""
    images = [image.variables for run in chain if (image := _image(run, around))]
    images += [run.line.variables for run in chain if run.kind == "dockerfile"]
    # A service's own win over those of its image, and a script's over both.
    services = [r for r in chain[::-1] if r.kind != "dockerfile"]
    found = _dotenv(chain, around)
    for given in (*images, *(run.line.variables for run in services)):
        found |= given
    for run in services:
        found |= _exported(run.line.command) if run.kind == "shell" else {}
        found |= _before(run) | dict(word.split("=", 1) for word in _leading(run.words))
    told = next(
        (run.process.options["config"] for run in services if run.process and "config" in run.process.options), ""
    )
    # What `celery --config` does, and the variable that stands for it.
    module = told or found.get("CONFIG_MODULE", "")
    return found | ({"CELERY_CONFIG_MODULE": module} if module else {})


def _exported(script: str) -> dict[str, str]:
    """The variables that lines of a script set, and not those given to one command."""
    pairs = re.findall(r"""(?m)^\s*(?:export\s+)?(\w+)=("[^"]*"|'[^']*'|[^\s;#]*)[ \t]*(?:$|[;#&])""", script)
    return {name: value.strip("\"'") for name, value in pairs}


def _before(run: Run) -> dict[str, str]:
    """`NAME=value` that the text of a line gives to one command."""
    if not run.words:
        return {}
    value = r"""(?:"[^"]*"|'[^']*'|[^\s;&|"'])*"""
    given = rf"((?:\b\w+={value}\s+)+)(?:exec\s+|env\s+)?\S*{re.escape(run.words[0])}\b"
    found = re.search(given, run.line.command.replace("\\\n", " "))
    pairs = re.findall(rf"(\w+)=({value})", found[1]) if found else []
    return {name: value.strip("\"'") for name, value in pairs}


def _leading(words: Sequence[str]) -> list[str]:
    """`NAME=value` before a command, `env` set aside."""
    return list(takewhile(re.compile(r"\w+=").match, words[1:] if words[:1] == ("env",) else words))


def _dotenv(chain: Chain, around: Around) -> dict[str, str]:
    """The variables of `.env`, where what runs a Procfile or the project's own code loads it."""
    source = around.source(".env")
    if source is None:
        return {}
    loaders = (found for call in ("load_dotenv(", "read_env(") for found in around.holding(call, ".py"))
    is_loaded = any(run.kind == "procfile" for run in chain) or next(loaders, None) is not None
    return assignments(source.text) if is_loaded else {}


def _remapped(chain: Chain, variables: dict[str, str], around: Around) -> bool | None:
    left = final_value("REMAP_SIGTERM", _texts(chain, around), around)
    if left is not None:
        return None if left.startswith("$") else left == "SIGQUIT"
    written = [m.group(1) for run in chain for m in _REMAPPED.finditer(run.line.command)]
    given = written[0] if written else variables.get("REMAP_SIGTERM", "")
    if given.startswith("$") or (not given and any(run.line.stop.hidden for run in chain)):
        return None
    return given == "SIGQUIT"


def _texts(chain: Chain, around: Around) -> Iterator[str]:
    """The scripts and the commands on the way to a process, from the outermost."""
    for run in chain[::-1]:
        image = _image(run, around) or (run.line if run.line.entrypoint else None)
        program = unwrapped(image.entrypoint) if image else []
        entry = called_script(program, around, run.line.entry or run.path)
        yield entry.text if entry else ""
        yield run.line.command
        yield run.script


def _reaches(run: Run, around: Around, variables: dict[str, str]) -> Iterator[Reach]:
    stop = run.line.stop
    if stop.direct:
        return
    if stop.to_all:
        yield Reach(Receives.GROUP, f"{stop.by} envoie le signal à tous les processus")
    if stop.doubt:
        yield Reach(Receives.UNKNOWN, stop.doubt)
    if run.line.entry:
        yield from _image_entry(run, around, variables)
    if run.command:
        root, text = (SCRIPT, run.line.command) if run.kind == "shell" else (stop.shell, "")
        yield from reach_of(run.command.reached, root, variables, text)
    if run.handed:
        yield from reach_of(run.handed.reached, SCRIPT, variables, run.script)


def _image_entry(run: Run, around: Around, variables: dict[str, str]) -> Iterator[Reach]:
    """What the `ENTRYPOINT` of an image does with the signal, before the command of a service."""
    image = _image(run, around)
    entry = image.entrypoint if image else ()
    if not entry:
        return
    yield from wrapped((*entry, "celery"), variables)
    program = unwrapped(entry)
    if not program or run.process is None:
        return
    script = called_script(program, around, run.line.entry)
    if script is None:
        yield Reach(Receives.UNKNOWN, f"le programme d'entrée de l'image, `{program[0]}`, n'a pas été trouvé")
        return
    from audit.reading.deployment.shell_scripts import read_commands  # noqa: PLC0415  as in process_files

    given = (*program[1:], *run.words)
    handed = [c for c in read_commands(script.text, variables, given) if c.words[-len(run.words) :] == run.words]
    if not handed:
        yield Reach(Receives.UNKNOWN, f"ce que `{script.path}` fait de la commande qu'il reçoit ne se lit pas")
    for command in handed[-1:]:
        yield from reach_of(command.reached, SCRIPT, variables, script.text)


def final_value(name: str, texts: Iterable[str], around: Around) -> str | None:
    """What the last of these texts to speak of a variable leaves it: a value, empty where it is erased, `$` where that is not known.

    None where none erases it. The texts come from the outermost script to the command itself; files that they source are read.
    """
    value, erased = "", False
    event = _events(name)
    for text in (part for whole in texts for part in _with_sourced(whole, around)):
        for found in event.finditer(text):
            line = text[text.rfind("\n", 0, found.start()) + 1 : found.end()]
            sure = not re.match(r"\s", line) and not re.search(r"&&|\|\||\b(if|then|else|case)\b|\)\s", line)
            if found.group("value") is not None:
                value = found.group("value")
            else:
                value, erased = ("" if sure else "$"), True
        if _RESETS.search(text):
            value, erased = "$", True
    return value if erased else None


def _events(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?m)(?<![#\w])(?:unset\s(?:[^\n;&|#]*\s)?{name}\b"
        rf"|env\s(?:[^\n;&|]*\s)?(?:-u\s*|--unset[=\s]){name}\b"
        rf"|env\s+(?:-\s|-i\b|--ignore-environment)"
        rf"|(?:export\s+-n|declare\s+\+x|typeset\s+\+x)\s+{name}\b"
        rf"|exec\s+-\w*c\w*\s"
        rf"|{name}=[\"']?(?P<value>[^\s\"';&|]*))"
    )


def _with_sourced(text: str, around: Around) -> Iterator[str]:
    """The text, each file that it sources in its place before what follows."""
    at = 0
    for found in _SOURCED.finditer(text):
        alike = [p for p in around.tree.paths if basename(p) == basename(found.group(1))]
        source = around.source(alike[0]) if len(alike) == 1 else None
        if source:
            yield text[at : found.start()]
            yield source.text
            at = found.end()
    yield text[at:]


def entry_of(chain: Sequence[Run], around: Around) -> Entry | None:
    """The words of the outermost command, and the scripts that it comes through; None where the worker is started bare.

    `chain`: from the run that starts the worker to those that start it. A script that no file starts tells no command.
    """
    starter = next((run for run in chain if run.kind != "shell" and run.line.command), None)
    if starter is None:
        return None
    words = _words(starter, around)
    if not words:
        return None
    scripts = tuple(dict.fromkeys(_scripts(words, starter, chain, around)))
    is_shell = unwrapped(words)[:1] and unwrapped(words)[0].rpartition("/")[2] in SHELLS
    if not scripts and not is_shell:
        return None
    outermost = chain[-1].kind not in _OUTSIDE_CONTAINERS
    return Entry(words, scripts, first=starter.kind not in _OUTSIDE_CONTAINERS and outermost)


def _words(run: Run, around: Around) -> tuple[str, ...]:
    """What is executed: after the `ENTRYPOINT` of its image, given to a shell where the file does so."""
    try:
        own = shlex.split(run.line.command)
    except ValueError:
        return ()
    source = around.source(run.line.entry) if run.line.entry else None
    image = read_image(source, run.line.target) if source else None
    if run.line.stop.shell:
        own = [run.line.stop.shell, "-c", run.line.command]
    return (*(image.entrypoint if image else ()), *own)


def _scripts(words: Sequence[str], starter: Run, chain: Sequence[Run], around: Around) -> Iterator[str]:
    """Those that the words name, then those that start one another down to the worker."""
    dockerfile = starter.line.entry or (starter.path if starter.kind == "dockerfile" else "")
    for place in range(len(words)):
        script = (
            called_script(unwrapped(words[place:]), around, dockerfile) if "/" in words[place] or not place else None
        )
        if script:
            yield script.path
    for run in reversed(chain):
        if run.kind == "shell":
            yield run.path
