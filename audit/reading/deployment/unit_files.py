"""Process files made of lines: supervisor, systemd, Makefile."""

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch

from audit.reading.deployment.command_line import Line
from audit.reading.deployment.file_references import Around, assignments
from audit.reading.deployment.makefile_targets import run_before
from audit.reading.deployment.stop_orders import of_circus, of_supervisor, of_systemd, seconds
from audit.reading.source_files import Source

_YES = frozenset({"true", "1", "yes", "on", "t", "y"})
# What Celery, like any Python program, exits with on an error; a supervisor that expects it leaves it dead.
_ERROR = "1"
# What systemd may be told of a process that crashed, or that was killed for want of memory.
_CRASHES = frozenset(
    {_ERROR, "FAILURE", *(f"{sig}{n}" for sig in ("", "SIG") for n in ("KILL", "SEGV", "ABRT", "BUS"))}
)
# Longer than any program takes to start: one that dies while it works counts as one that did not start.
_LONG_START = 30
# Variables that hold one another.
_DEEPEST = 5
_AROUND = frozenset({"ExecStartPre", "ExecStopPost"})
# Settings whose values add up; an empty one forgets those before it.
_LISTED = frozenset({"RestartPreventExitStatus", "SuccessExitStatus", "Environment", "EnvironmentFile"})
# What ends once it has left a daemon behind.
_LEAVES = re.compile(r"\bmulti\s+(re)?start\b|\s--detach\b|\s-D\b")
# How the file of `/etc` that a unit names is called in the sources.
_INSTALLED = r"([._-](conf|env|environment|defaults?|sysconfig|cfg|sample|example|dist))*"


@dataclass
class _Section:
    name: str
    first: int
    last: int
    values: dict[str, str] = field(default_factory=dict)
    said: list[tuple[str, str]] = field(default_factory=list)


def logical_lines(source: Source) -> Iterator[tuple[str, int, int]]:
    """Lines joined at a final backslash, with the first and last line of each."""
    text, first = "", 0
    for number, line in enumerate(source.lines, 1):
        first = first or number
        if line.rstrip().endswith("\\") and not line.lstrip().startswith("#"):
            text += f"{line.rstrip()[:-1].strip()} "
            continue
        yield (text + line if text else line), first, number
        text, first = "", 0


def _sections(source: Source, comments: str) -> Iterator[_Section]:
    """Sections of an INI file; a line goes on with the value above it where it is more indented than its name.

    supervisord reads files so: names that are all indented alike are names.
    """
    section: _Section | None = None
    key, indent = "", 0
    for line, first, last in logical_lines(source):
        stripped = line.strip()
        if not stripped or stripped[0] in comments:
            continue
        deeper = len(line) - len(line.lstrip()) > indent
        header = re.fullmatch(r"\[([^\]]+)\]\s*", stripped)
        if header and not (key and deeper):
            if section:
                yield section
            section, key = _Section(header.group(1), first, last), ""
        elif section and key and deeper:
            section.values[key] += f" {stripped}"
            section.said[-1] = key, section.values[key]
            section.last = last
        elif section and "=" in stripped:
            name, _, value = stripped.partition("=")
            key, indent = name.strip(), len(line) - len(line.lstrip())
            section.values[key] = value.strip()
            section.said.append((key, value.strip()))
            section.last = last
    if section:
        yield section


def _left_out(source: Source, around: Around) -> str:
    """Why supervisord never reads a file of programs, in French: the patterns of `[include]` for its folder do not match its name."""
    folder, name = posixpath.split(source.path)
    where = ""
    for other in around.holding("[include]", ".conf", ".ini", ".j2", ".tmpl"):
        held = (s.values.get("files", "").split() for s in _sections(other, "#;") if s.name == "include")
        for pattern in (word for words in held for word in words if other.path != source.path):
            inside, named = posixpath.split(pattern)
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(other.path), inside)) == folder
            if not beside and posixpath.basename(inside) != posixpath.basename(folder):
                continue
            if fnmatch(name, named) or _is_renamed(name, named, around):
                return ""
            where = other.path
    return f"`{where}` n'inclut pas `{source.path}` (`[include]`)" if where else ""


def _is_renamed(name: str, pattern: str, around: Around) -> bool:
    """Whether a file may be installed under a name of this pattern."""
    lines = (
        line for held in around.holding(name, "file", ".yml", ".yaml", ".sh") for line in held.lines if name in line
    )
    return any(fnmatch(posixpath.basename(word), pattern) for line in lines for word in re.split(r"[\s\"',=]+", line))


def read_supervisor(source: Source, around: Around) -> Iterator[Line]:
    """`[program:…]` sections. `autorestart` is `unexpected` by default, which covers a killed process.

    One whose `exitcodes` expect that of an error is not started again after it.
    """
    sections = list(_sections(source, "#;"))
    left_out = _left_out(source, around) if "[supervisord]" not in source.text else ""
    general = _pairs(next((s.values.get("environment", "") for s in sections if s.name == "supervisord"), ""))
    for section in sections:
        if section.name.startswith("program:") and "command" in section.values:
            command = re.split(r"\s;", section.values["command"])[0]
            section.values |= {k: _from_outside(v, around) for k, v in section.values.items() if "%(ENV_" in v}
            command = _from_outside(command, around)
            restart, begun = _said(section, "autorestart", "unexpected"), _said(section, "autostart", "true")
            expected = re.split(r"[\s,]+", _said(section, "exitcodes", "0"))
            again = restart in _YES or (restart == "unexpected" and _ERROR not in expected)
            copies = _said(section, "numprocs", "1")
            count = int(copies) if copies.isdecimal() else None
            supervised = "supervisor" if again and begun in _YES else ""
            variables = {**general, **_pairs(section.values.get("environment", ""))}
            stop = of_supervisor(section.values)
            doubt = _gives_up(section) if supervised else _from_elsewhere(section)
            line = Line(
                _expanded(command, variables, _named(section, copies)),
                section.first,
                section.last,
                "" if doubt else supervised,
                variables,
                copies=count,
            )
            user = re.split(r"\s;", section.values.get("user", ""))[0].strip()
            asleep = left_out if begun in _YES else f"`{source.path}` ne le lance pas de lui-même (`autostart`)"
            yield replace(line, stop=stop, doubt=doubt, on_failure=restart == "unexpected", user=user, asleep=asleep)


def _from_outside(text: str, around: Around) -> str:
    """A value, with the variables of supervisord's own environment that one file of the target gives, or several alike."""
    return re.sub(r"%\(ENV_(\w+)\)s", lambda m: around.given_once(m[1]) or m[0], text)


def read_circus(source: Source, _: Around) -> Iterator[Line]:
    """`[watcher:…]` sections of Circus, which starts again whatever ends unless `respawn` says otherwise."""
    sections = list(_sections(source, "#;"))
    given = {s.name.removeprefix("env:").strip(): s.values for s in sections if s.name.startswith("env:")}
    for section in (s for s in sections if s.name.startswith("watcher:") and "cmd" in s.values):
        values, name = section.values, section.name.partition(":")[2].strip()
        again, begun = (values.get(key, "True").lower() in _YES for key in ("respawn", "autostart"))
        count = "1" if values.get("singleton", "").lower() in _YES else values.get("numprocesses", "1")
        command = " ".join(filter(None, (values["cmd"], values.get("args", ""))))
        command = re.sub(r"\$\((?:circus\.)?(\w+)\)", r"${\1}", command).replace("${name}", name)
        line = Line(
            command,
            section.first,
            section.last,
            "circus" if again else "",
            {**given.get("*", {}), **given.get(name, {})},
        )
        copies = int(count) if count.isdecimal() else None
        asleep = "" if begun else f"`{source.path}` ne le lance pas de lui-même (`autostart`)"
        yield replace(line, copies=copies, user=values.get("uid", ""), stop=of_circus(values), asleep=asleep)


def _expanded(command: str, variables: Mapping[str, str], named: Mapping[str, str]) -> str:
    """`%(ENV_NAME)s`, which its own `environment` may give, as a variable of a shell else; `%%` is a `%`."""
    for _ in range(_DEEPEST):
        found = re.sub(r"%\(ENV_([^)]+)\)s", lambda m: variables.get(m[1], f"${{{_variable(m[1])}}}"), command)
        if found == command:
            break
        command = found
    command = re.sub(r"%\((\w+)\)\d*[sd]", lambda m: named.get(m[1], f"${{{m[1]}}}"), command)
    return command.replace("%%", "%")


def _named(section: _Section, copies: str) -> dict[str, str]:
    """What supervisord calls a program by; its number stays a variable, which each of its processes has another of."""
    name = section.name.partition(":")[2].strip()
    return {"program_name": name, "group_name": name, "numprocs": copies}


def _variable(name: str) -> str:
    return re.sub(r"\W+", "_", name)


def _from_elsewhere(section: _Section) -> str:
    """Why it is not known whether supervisord starts it again, in French; empty where it is."""
    told = (section.values.get(key, "") for key in ("autorestart", "autostart"))
    named = next((text for text in told if text.startswith(("%(", "$"))), "")
    return f"son redémarrage par supervisord dépend de `{named}`, que rien ne donne" if named else ""


def _gives_up(section: _Section) -> str:
    """Why supervisord may stop starting it, in French: a program that ends before `startsecs` is tried `startretries` times."""
    tries, least = _said(section, "startretries", "3"), _said(section, "startsecs", "1")
    if (tries == "0" and least != "0") or (least.isdecimal() and int(least) > _LONG_START and tries.isdecimal()):
        return f"supervisord y renonce après {tries} essais de moins de {least} s (`startretries`, `startsecs`)"
    return ""


def _pairs(text: str) -> dict[str, str]:
    """`environment=NAME="value",OTHER=value`."""
    found = re.findall(r"(\w+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^,\s]*)", text)
    return {name: value.strip("\"'") for name, value in found}


def _said(section: _Section, key: str, default: str) -> str:
    return re.split(r"\s;", section.values.get(key, default))[0].strip().lower()


def read_systemd(source: Source, around: Around) -> Iterator[Line]:
    """`ExecStart=` of the `[Service]` sections and of the drop-ins laid over them, with `Environment=` for its variables.

    `on-abnormal` covers signals only, and an error may be declared a success, or a reason not to start again.
    """
    own = [s for s in _sections(source, "#;") if s.name in {"Service", "Unit"}]
    started = [s for s in own if s.name == "Service" and "ExecStart" in s.values]
    laid = [s for path in _drop_ins(source.path, around) for s in _read_sections(around, path)]
    service = _together(s for s in (*own, *laid) if s.name == "Service")
    command = service.get("ExecStart", "").lstrip("-@:+!")
    if not started or not command:
        return
    restart = service.get("Restart", "no").lower()
    final = service.get("RestartPreventExitStatus", "").split()
    success = service.get("SuccessExitStatus", "").split() if restart == "on-failure" else []
    stays = service.get("Type", "simple").lower() != "oneshot"
    again = stays and restart in {"always", "on-failure"} and not _CRASHES & {*final, *success}
    unit = _together(s for s in (*own, *laid) if s.name == "Unit")
    limited = _is_limited({**service, **unit})
    doubt = (
        f"`{source.path}` ne le relance qu'un nombre limité de fois (`StartLimitBurst`)" if again and limited else ""
    )
    if again and "PIDFile" not in service and _LEAVES.search(command):
        doubt = f"`{source.path}` n'a pas de `PIDFile` : systemd devine quel processus relancer"
    supervised = "systemd" if again and not doubt else ""
    first, last = started[0].first, started[0].last
    before = "\n".join(v.lstrip("-@:+!") for s in (*own, *laid) for k, v in s.said if k in _AROUND)
    given, hidden = _given_by_files(service.get("EnvironmentFile", ""), source.path, around)
    stop = replace(of_systemd(service), hidden=hidden or "PassEnvironment" in service)
    forks = service.get("Type", "simple").lower() == "forking"
    copies = _instances(source.path, around) if source.path.endswith("@.service") else 1
    if copies == 1:
        copies = _of_plays(source.path, command, around)
    line = Line(command, first, last, supervised, {**_assignments(service), **given}, doubt, copies, stop=stop)
    memory, user = service.get("MemoryMax", service.get("MemoryLimit", "")), service.get("User", "")
    yield replace(line, before=before, on_failure=restart == "on-failure", forks=forks, memory=memory, user=user)


def _of_plays(path: str, command: str, around: Around) -> int:
    """How many the plays of Ansible make: of a template for one machine, and of beat for all of them."""
    if next(around.holding("hosts:", ".yml", ".yaml"), None) is None:
        return 1
    from audit.reading.deployment.play_hosts import copies_of_template, hosts_of_unit, unit_of  # noqa: PLC0415  YAML is loaded where plays are found

    made = copies_of_template(path, around)
    return made * (hosts_of_unit(unit_of(path), around) if re.search(r"\bbeat\b|\s-B\b", command) else 1)


def _instances(path: str, around: Around) -> int | None:
    """How many instances of a template unit the target names; None where it names none, or a loop that is not read makes them."""
    stem = re.escape(posixpath.basename(path).removesuffix(".service"))
    named = re.compile(rf"(?<![\w-]){stem}([\w$%{{][\w$%{{}}.,-]*)")
    found: set[str] = set()
    sources = around.scripts(posixpath.basename(path).removesuffix(".service"))
    texts = [source.text for source in sources if source.path != path]
    for text in texts:
        found |= {one.removesuffix(".service") for one in named.findall(text)} - {"service"}
    loops = [made for text in texts for one in found if (made := _turns(one, text)) is not None]
    if loops:
        return max(loops)
    literal = {part for one in found for part in re.split(r"[{},]", one) if part and "$" not in part}
    if literal or not found:
        return len(literal) or None
    from audit.reading.deployment.play_hosts import instances_in_plays  # noqa: PLC0415  as below

    return instances_in_plays(posixpath.basename(path).removesuffix(".service"), around)


def _turns(instance: str, text: str) -> int | None:
    """How many turns the loop makes that names an instance: its words, `seq 1 N`, `{1..N}`; None for no loop."""
    variable = re.sub(r"\W", "", instance)
    loop = re.search(rf"\bfor\s+{variable}\s+in\s+([^;\n]+)", text) if instance.startswith("$") and variable else None
    if loop is None:
        return None
    counted = re.search(r"\bseq\s+(?:(\d+)\s+)?(\d+)|\{(\d+)\.\.(\d+)\}", loop[1])
    if counted:
        return int(counted[2] or counted[4]) - int(counted[1] or counted[3] or 1) + 1
    return None if "$" in loop[1] else len(loop[1].split())


def _given_by_files(named: str, path: str, around: Around) -> tuple[dict[str, str], bool]:
    """Variables of the files that a unit reads, by their names in the sources, and whether one is not there."""
    found: dict[str, str] = {}
    hidden = False
    for word in named.split():
        base = re.escape(posixpath.basename(word.lstrip("-")))
        called = [p for p in around.tree.paths if re.fullmatch(base + _INSTALLED, posixpath.basename(p))]
        beside = [p for p in called if posixpath.dirname(p) == posixpath.dirname(path)] or called
        source = around.source(beside[0]) if len(beside) == 1 else None
        known = assignments(source.text) if source and not source.text.startswith("#!") else {}
        hidden |= not known
        found |= known
    return found, hidden


def _is_limited(said: dict[str, str]) -> bool:
    """Whether as many starts as are allowed fit into the interval, for a worker that dies as soon as it has started (2 s)."""
    burst = said.get("StartLimitBurst", "5")
    given = said.get("StartLimitIntervalSec") or said.get("StartLimitInterval") or "10"
    interval, pause = seconds(given), seconds(said.get("RestartSec", "100ms"))
    if burst == "0" or not burst.isdecimal() or interval == 0:
        return False
    return interval is None or pause is None or int(burst) * (pause + 2) <= interval


def _drop_ins(path: str, around: Around) -> list[str]:
    """Drop-ins of a unit, in the order that systemd reads them: by their names, whatever their folder."""
    folder, name = posixpath.split(path)
    folders = [
        posixpath.join(folder, f"{held}.d") for held in (name, "service", re.sub(r"@.+\.service$", "@.service", name))
    ]
    found = {posixpath.basename(p): p for held in folders for p in around.inside(held, ".conf")}
    return [found[name] for name in sorted(found)]


def _read_sections(around: Around, path: str) -> list[_Section]:
    source = around.source(path)
    return list(_sections(source, "#;")) if source else []


def _together(sections: Iterable[_Section]) -> dict[str, str]:
    """Settings of sections of one name: the last one wins, or adds to those before it."""
    found: dict[str, str] = {}
    for section in sections:
        for key, value in section.said:
            found[key] = f"{found.get(key, '')} {value}".strip() if key in _LISTED and value else value
    return found


def _assignments(values: dict[str, str]) -> dict[str, str]:
    try:
        words = shlex.split(values.get("Environment", ""))
    except ValueError:
        return {}
    return {name: value for name, equals, value in (word.partition("=") for word in words) if equals}


def read_makefile(source: Source, _: Around) -> Iterator[Line]:
    """Recipes, a line each; nothing restarts what `make` runs."""
    for line, first, last in logical_lines(source):
        if source.lines[first - 1].startswith("\t") and line.strip("\t @-+"):
            command = line.strip().lstrip("@-+").replace("$$", "$")
            yield Line(command, first, last, "", before=run_before(source, first))
