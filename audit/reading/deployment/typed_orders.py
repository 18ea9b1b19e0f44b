"""Orders that scripts and pipelines give to an orchestrator, and that win over its files: copies, and delays before SIGKILL."""

import re
from typing import Any

from audit.model.desks import is_for_a_desk
from audit.reading.deployment.file_references import Around
from audit.reading.source_files import Source

_SCRIPTS = (".sh", ".bash", "akefile", "ustfile", ".yml", ".yaml")
_STOPS = re.compile(
    r"\bdocker(?:-|\s+)compose\s[^\n;&|#]*\b(?:stop|down|restart)\b[^\n;&|]*?\s(?:-t|--timeout)[= ]?\s*(\d+)"
)


def copies_asked(name: str, around: Around) -> str:
    """The number of copies of a service or of a workload that a script asks for, as written; empty where none does."""
    named = re.escape(name)
    asked = re.compile(
        rf"--scale[= ]\s*{named}=(\S+)|\bservice\s+scale\s[^\n]*?\b(?:[\w-]+_)?{named}=(\S+)"
        rf"|\bkubectl\s[^\n]*?\bscale\s[^\n]*?\b{named}\b[^\n]*?--replicas[= ](\S+)"
        rf"|\bkubectl\s[^\n]*?\bscale\s[^\n]*?--replicas[= ](\S+)[^\n]*?[/ ]{named}\b"
    )
    for source in around.holding("scale", *_SCRIPTS):
        found = asked.search(_without_comments(source))
        if found:
            told = str(next(filter(None, found.groups()))).strip("\"'")
            named_so = re.fullmatch(r"\$[({](\w+)[)}]", told)
            given = re.search(rf"(?m)^\s*{named_so[1]}\s*[?:]?=\s*(\d+)\s*$", source.text) if named_so else None
            return given[1] if given else told
    return ""


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
