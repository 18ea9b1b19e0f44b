"""What scripts, plays and pipelines order: units and services to start, on how many hosts, in how many copies, stopped how soon."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename, dirname
from typing import Any

from audit.model.desks import is_for_a_desk
from audit.reading.deployment.file_references import Around
from audit.reading.source_files import Source

_DESK = re.compile(r"(?i)(^|[^a-z])(dev|devel|development|local|debug|tests?)([^a-z]|$)")
_SYSTEMD = re.compile(
    r"\bsystemctl\b[^\n;&|#]*?\b(?:enable|start|restart|reenable|reload-or-restart)\b(?P<words>[^\n;&|#]*)"
)
_COMPOSE = re.compile(
    r"(?:\bdocker[- ]compose\b|\bpodman-compose\b|\$[({]?\w*COMPOSE\w*[)}]?)[^\n;&|#]*?\s(?:up|start)\b(?P<words>[^\n;&|#]*)"
)
_VALUED = frozenset({"--scale", "-t", "--timeout", "--pull", "--wait-timeout", "--exit-code-from", "--host", "-H"})
_LOOP = re.compile(r"\bfor\s+\w+\s+in\s+([^;\n]+?)\s*(?:;|\n)\s*do\b(.*?)\bdone\b", re.DOTALL)
_FAR = re.compile(r"\bssh\b|DOCKER_HOST|docker\s+(-H|--host|--context)")
_WANTS = r"(?m)^\s*(?:Wants|Requires|BindsTo|Upholds|Also|ConsistsOf)\s*=[^\n]*\b{}(?:\.service)?\b"
_SCRIPTS = (".sh", ".bash", "akefile", "ustfile", ".yml", ".yaml")
# A service that a variable names.
_UNREAD_SCALE = re.compile(r"--scale[= ]\s*[\"']?\$|\baddprefix --scale[= ]")
_NESTED = 3
_STOPS = re.compile(
    r"\bdocker(?:-|\s+)compose\s[^\n;&|#]*\b(?:stop|down|restart)\b[^\n;&|]*?\s(?:-t|--timeout)[= ]?\s*(\d+)"
)


@dataclass(frozen=True)
class _Order:
    """What is asked for, None where it is not read, and on how many hosts; nothing named is everything."""

    path: str
    names: frozenset[str] | None
    hosts: int = 1


def left_out_unit(unit: str, around: Around) -> str:
    """Why nothing starts a unit, in French: scripts start others of the target, and none of them this one."""
    orders = [*_orders("systemd", _SYSTEMD, around), *_of_plays(around)]
    units = {basename(p).partition(".service")[0] for p in around.tree.paths if ".service" in basename(p)} - {unit}
    ours = [order for order in orders if order.names is None or order.names & units]
    if not ours or any(order.names is None or unit in order.names for order in orders) or "@" in unit:
        return ""
    wanted = re.compile(_WANTS.format(re.escape(unit)))
    renamed = re.compile(rf"\b{re.escape(unit)}\.service\S*\s[^\n]*/(?!{re.escape(unit)}\.)[\w@{{}}. -]+\.service\b")
    if any(wanted.search(source.text) or renamed.search(source.text) for source in around.scripts(unit)):
        return ""
    return f"rien n'active `{unit}`, quand `{ours[0].path}` active d'autres unités"


def left_out_service(path: str, name: str, around: Around) -> str:
    """Why nothing starts a service of Compose, in French: scripts name others, and what they need."""
    from audit.reading.deployment.compose_layers import services_of  # noqa: PLC0415  YAML is loaded where some is found

    orders, services = _orders("compose", _COMPOSE, around), services_of(path, around)
    ours = [order for order in orders if order.names is None or not order.names or order.names & services.keys()]
    if not ours or name not in services or any(not order.names for order in ours):
        return ""
    if next(around.scripts("stack deploy"), None):
        return ""
    asked = {one for order in ours for one in order.names or ()}
    while more := {str(n) for one in asked for n in _needed(services.get(one))} - asked:
        asked |= more
    return "" if name in asked else f"`{ours[0].path}` lance d'autres services, et pas `{name}`"


def _needed(service: object) -> list[object]:
    held = service.get("depends_on") if isinstance(service, dict) else None
    return [*held] if isinstance(held, list | dict) else []


def hosts_of(kind: str, name: str, around: Around) -> int:
    """On how many hosts a loop of a script starts a unit, or a service."""
    pattern = _SYSTEMD if kind == "systemd" else _COMPOSE
    asked = _orders(kind, pattern, around)
    return max(
        (o.hosts for o in asked if o.names is not None and (name in o.names or (kind == "compose" and not o.names))),
        default=1,
    )


def _orders(kind: str, pattern: re.Pattern[str], around: Around) -> list[_Order]:
    def made(around: Around) -> list[_Order]:
        word = "systemctl" if kind == "systemd" else "compose"
        held = [*around.scripts(word), *(around.scripts("COMPOSE") if kind == "compose" else ())]
        served = [source for source in dict.fromkeys(held) if _is_script(source) and not _DESK.search(source.path)]
        return [order for source in served for order in _of_script(source, pattern)]

    return around.once(f"orders of {kind}", made)


def _is_script(source: Source) -> bool:
    name = basename(source.path).lower()
    return name.endswith((".sh", ".bash", ".yml", ".yaml", "akefile", "ustfile")) or source.text.startswith("#!")


def _of_script(source: Source, pattern: re.Pattern[str]) -> Iterator[_Order]:
    text = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*$", "", source.text))
    loops = [(m.start(2), m.end(2), m[1]) for m in _LOOP.finditer(text) if _FAR.search(m[2])]
    for found in pattern.finditer(text):
        around_it = [words for start, end, words in loops if start <= found.start() < end]
        hosts = _count(around_it[0], text) if around_it else 1
        yield _Order(source.path, _names(found["words"]), hosts)


def _names(text: str) -> frozenset[str] | None:
    words, names = text.split(), []
    while words:
        word = words.pop(0).strip("\"'`(),]")
        if word in _VALUED:
            del words[:1]
        elif word.startswith((">", "<", "2>")) or word in {"||", "&&"}:
            break
        elif word and not word.startswith("-"):
            names.append(word.removesuffix(".service"))
    return None if any(re.search(r"[$*{%@]", name) for name in names) else frozenset(names)


def _count(words: str, text: str) -> int:
    """How many hosts a loop goes through, two where they are not read."""
    named = re.fullmatch(r"[\"']?\$\{?(\w+)(?:\[@\])?\}?[\"']?", words.strip())
    given = re.search(rf"(?m)^\s*(?:export\s+)?{named[1]}=(?:\(|[\"'])?([^\"')\n]+)", text) if named else None
    listed = given[1] if given else words
    return 2 if "$" in listed or "`" in listed else len(listed.split())


def _of_plays(around: Around) -> Iterator[_Order]:
    """The units that tasks of Ansible start, by their names or those of a loop."""
    for source in around.holding("name:", ".yml", ".yaml"):
        for task in re.finditer(r"(?m)^(\s*)-\s(?:.*\n)(?:\1\s+.*\n|\s*\n)*", source.text + "\n"):
            body = task[0]
            if not re.search(r"\b(systemd|systemd_service|service)\s*:", body) or not re.search(
                r"state:\s*(re)?started|enabled:", body
            ):
                continue
            named = re.findall(r"\bname:\s*([^\s,}\"'][^\n,}]*|\"[^\"]*\"|'[^']*')", body)
            items = re.findall(r"(?:loop|with_items):\s*\[([^\]]*)\]", body) or [
                "\n".join(re.findall(r"(?m)^\s+-\s+([\w.@-]+)\s*$", body))
            ]
            name = named[-1].strip("\"' ").removesuffix(".service") if named else ""
            told = re.split(r"[\s,]+", items[0].strip()) if "item" in name else [name]
            names = {one.strip("\"'").removesuffix(".service") for one in told if one}
            yield _Order(source.path, None if not names or any("{" in n for n in names) else frozenset(names))


def is_left_out_file(path: str, around: Around) -> str:
    """Why nothing applies a file of Kubernetes, in French: a kustomization takes those beside it, and none takes it."""
    from audit.reading.deployment.kustomizations import taken  # noqa: PLC0415  YAML is loaded where some is found

    files = taken(around)
    beside = sorted(p for p in files if dirname(p) == dirname(path))
    applied = re.compile(
        rf"\bkubectl\b[^\n]*\s(?:-f|--filename)[= ]\S*({re.escape(basename(dirname(path)) or '.')}/?|{re.escape(basename(path))})"
    )
    if not beside or path in files or any(applied.search(s.text) for s in around.scripts("kubectl")):
        return ""
    return f"aucune kustomization ne prend `{path}`, quand une prend `{beside[0]}`"


def copies_asked(name: str, around: Around, *, of_compose: bool = False) -> str:
    """The number of copies of a service or of a workload that a script asks for, as written; empty where none does.

    `of_compose`: a service of it, which `--scale` may name by a variable that is not read; `?` then.
    """
    named = re.escape(name)
    asked = re.compile(
        rf"--scale[= ]\s*[\"']?{named}=(\S+)|\bservice\s+scale\s[^\n]*?\b(?:[\w-]+_)?{named}=(\S+)"
        rf"|\bkubectl\s[^\n]*?\bscale\s[^\n]*?\b{named}\b[^\n]*?--replicas[= ](\S+)"
        rf"|\bkubectl\s[^\n]*?\bscale\s[^\n]*?--replicas[= ](\S+)[^\n]*?[/ ]{named}\b"
    )
    for source in filter(_is_script, around.scripts("scale")):
        text = _with_variables(_without_comments(source))
        found = asked.search(text)
        if found:
            return str(next(filter(None, found.groups()))).strip("\"'")
        if of_compose and _UNREAD_SCALE.search(text):
            return "?"
    return ""


def _with_variables(text: str) -> str:
    """The text, with what it gives once to a variable in the place of its name, and each word that make gives a prefix."""
    given: dict[str, set[str]] = {}
    for name, value in re.findall(r"(?m)^\s*(?:export\s+)?(\w+)\s*[?:]?=[ \t]*(.+?)\s*$", text):
        given.setdefault(name, set()).add(value.strip("\"'"))
    once = {name: value for name, (value, *more) in given.items() if not more and f"${{{name}" not in value}
    for _ in range(_NESTED):
        text = re.sub(r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))", lambda m: once.get(m[m.lastindex or 0], m[0]), text)
    return re.sub(
        r"\$\(addprefix ([^,]+),([^()$]+)\)", lambda m: " ".join(f"{m[1]}{word}" for word in m[2].split()), text
    )


def is_profile_asked(profiles: Any, around: Around) -> bool:
    """Whether a script, or a file of variables, asks Compose for one of these profiles."""
    served = [str(one) for one in profiles if not is_for_a_desk(str(one))] if isinstance(profiles, list) else []
    named = "|".join(map(re.escape, served))
    asked = re.compile(rf"(?m)--profile[ =]\W?({named}|\*)\W|^[^#\n]*\bCOMPOSE_PROFILES\W*[=:][^#\n]*?\b({named})\b")
    held = [*around.holding("profile", *_SCRIPTS, ".service"), *around.scripts("COMPOSE_PROFILES")]
    return bool(named) and any(asked.search(_without_comments(source)) for source in held)


def stopped_sooner(grace: float | None, around: Around) -> str:
    """Why services of compose may be killed before their delay, in French: the script that stops them gives another."""
    for source in around.holding("compose", ".sh", ".bash", ".yml", ".yaml"):
        for found in _STOPS.finditer(_without_comments(source)):
            if grace is None or float(found[1]) < grace:
                return f"`{source.path}` arrête les services avec un délai à lui, de {found[1]} s (`-t`)"
    return ""


def _without_comments(source: Source) -> str:
    return re.sub(r"(?m)^\s*#.*$", "", source.text)
