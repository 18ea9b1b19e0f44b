"""Dockerfiles: what the image of each of their stages runs."""

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from audit.model.probes import Probe
from audit.reading.deployment.command_line import Line
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.stop_orders import StopOrder, seconds, signal_name
from audit.reading.deployment.unit_files import logical_lines
from audit.reading.source_files import Source

_INSTRUCTION = re.compile(r"\s*(FROM|CMD|ENTRYPOINT|STOPSIGNAL|SHELL|ENV|HEALTHCHECK)\s+(.+)$", re.IGNORECASE)
_FROM = re.compile(r"(?:--\S+\s+)*(\S+)(?:\s+as\s+(\S+))?", re.IGNORECASE)
_Said = tuple[list[str] | str, int, int]


@dataclass
class _Stage:
    """What a stage says, from its line `first` on, with what the one that it starts from does."""

    name: str = ""
    first: int = 0
    runs: dict[str, _Said] = field(default_factory=dict)
    given: dict[str, list[str]] = field(default_factory=dict)


def read_dockerfile(source: Source, around: Around) -> Iterator[Line]:
    """The `ENTRYPOINT` and `CMD` of the last stage, and of those that another file asks for; nothing here restarts them."""
    *others, last = _stages(source)
    asked = [stage for stage in others if stage.name and _is_asked(stage.name, around)]
    for stage in (*asked, last):
        line = _line(stage, "" if stage is last else stage.name)
        if line.command:
            yield line


def _is_asked(name: str, around: Around) -> bool:
    asked = re.compile(rf"(?m)\btarget\W+{re.escape(name)}\b|--target[ =]{re.escape(name)}\b")
    return any(asked.search(held.text) for held in around.holding("target", ".yml", ".yaml", ".hcl", ".sh"))


def read_image(source: Source, target: str = "") -> Line:
    """What an image runs, and what it gives to those that run something else; without a command, when it has none of its own."""
    stages = _stages(source)
    return _line(next((one for one in stages if target and one.name == target), stages[-1]), target)


def stage_names(source: Source) -> list[str]:
    """The names of the stages in their order, empty for one that has none."""
    return [stage.name for stage in _stages(source)]


def _stages(source: Source) -> list[_Stage]:
    found: list[_Stage] = [_Stage()]
    for line, first, last in logical_lines(source):
        instruction = _INSTRUCTION.match(line)
        name, text = (instruction.group(1).upper(), instruction.group(2).strip()) if instruction else ("", "")
        if name == "FROM":
            found.append(_from(text, first, found))
        elif name in {"CMD", "ENTRYPOINT"}:
            if name == "ENTRYPOINT":
                # A new one forgets the words of the image that it starts from.
                found[-1].runs.pop("CMD", None)
            found[-1].runs[name] = (_exec_form(text), first, last)
        elif name:
            found[-1].given.setdefault(name, []).append(text)
    return found[1:] or found


def _from(text: str, first: int, before: list[_Stage]) -> _Stage:
    told = _FROM.match(text)
    image, name = (told[1], told[2]) if told else (text, "")
    base = next((one for one in before[::-1] if one.name and one.name == image), _Stage())
    return _Stage(name or "", first, dict(base.runs), {key: list(said) for key, said in base.given.items()})


def _line(stage: _Stage, target: str) -> Line:
    given = stage.given
    parts = [stage.runs[name] for name in ("ENTRYPOINT", "CMD") if name in stage.runs]
    words = " ".join(p if isinstance(p, str) else shlex.join(p) for p, _, _ in parts)
    own = [part for part in parts if part[1] > stage.first] or parts
    first, last = min((f for _, f, _ in own), default=1), max((n for _, _, n in own), default=1)
    shells = [s for s in given.get("SHELL", ["sh"]) if any(isinstance(p, str) for p, _, _ in parts)]
    shell = "bash" if any("bash" in s for s in shells[-1:]) else "sh" if shells else ""
    stop = StopOrder(signal=signal_name(given.get("STOPSIGNAL", ["TERM"])[-1]), shell=shell)
    entry = stage.runs["ENTRYPOINT"][0] if "ENTRYPOINT" in stage.runs else []
    entrypoint = tuple(entry) if isinstance(entry, list) else ("sh", "-c", entry)
    variables = _environment(given.get("ENV", ()))
    probe = _probe(given.get("HEALTHCHECK", [""])[-1])
    return Line(words, first, last, "", variables, stop=stop, entrypoint=entrypoint, target=target, probe=probe)


def _probe(text: str) -> Probe | None:
    """The `HEALTHCHECK` of an image, which only marks its containers."""
    options, command, asked = text.partition("CMD ")
    words = _exec_form(asked.strip())
    told = re.search(r"--timeout=(\S+)", options)
    timeout = seconds(told[1] if told else "30s")
    return (
        Probe(words if isinstance(words, str) else shlex.join(words), kills=False, timeout=timeout) if command else None
    )


def _environment(lines: Iterable[str]) -> dict[str, str]:
    """What `ENV NAME=value` and `ENV NAME value` give."""
    found: dict[str, str] = {}
    for line in lines:
        alone = re.fullmatch(r"(\w+)\s+([^=]+)", line)
        pairs = [alone.groups()] if alone else re.findall(r"(\w+)=(\"[^\"]*\"|'[^']*'|\S*)", line)
        found |= {name: value.strip("\"' ") for name, value in pairs}
    return found


def _exec_form(text: str) -> list[str] | str:
    if not text.startswith("["):
        return text
    try:
        words = json.loads(text)
    except ValueError:
        return text
    return [str(word) for word in words] if isinstance(words, list) else text
