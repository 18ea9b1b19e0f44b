"""The user of an image, as its Dockerfile says: its own, that of a stage before, or the root of an official image."""

import re

from audit.model.observations.deployment_statements import ContainerUser
from audit.model.unknown import UNKNOWN, Unknown
from audit.model.word_tables import word_set
from audit.reading.source_files import Source

# Official images that name no user, and so run as root.
_OF_ROOT = word_set("""
    almalinux alpine amazonlinux buildpack-deps centos debian fedora node oraclelinux pypy python rockylinux scratch
    ubuntu
""")
_OFFICIAL = re.compile(r"^(docker\.io/)?(library/)?|^public\.ecr\.aws/docker/library/")
_SCRIPT = re.compile(r"(?i)\.sh\b|entry-?_?point[\"'\]\s]*$|\bgosu\b|\bsu-exec\b")
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")


def container_user(source: Source) -> ContainerUser:
    """The user of the last stage; empty for the root of an official image, UNKNOWN where another file says."""
    stages: dict[str, str | Unknown] = {}
    given: dict[str, str] = {}
    user: str | Unknown = UNKNOWN
    name, line = "", 1
    for number, text in enumerate(source.lines, 1):
        words = text.split()
        instruction = words[0].upper() if words else ""
        if instruction == "FROM":
            image, name = _from(words, given)
            user, line = stages.get(image.lower(), _base(image)), number
        elif instruction in {"ARG", "ENV"}:
            given |= assigned(words[1:])
        elif instruction == "USER" and len(words) > 1:
            told = expanded(words[1].strip("\"'"), given)
            user, line = (UNKNOWN if "$" in told else told), number
        if name:
            stages[name.lower()] = user
    scripted = any(
        text.split()[:1] and text.split()[0].upper() == "ENTRYPOINT" and _SCRIPT.search(text) for text in source.lines
    )
    return ContainerUser("", source.excerpt(line, line, "dockerfile"), user, scripted)


def _from(words: list[str], given: dict[str, str]) -> tuple[str, str]:
    """The image that a stage starts from, and its own name, empty for none."""
    named = [word for word in words[1:] if not word.startswith("--")]
    alias = named[2] if len(named) > 2 and named[1].upper() == "AS" else ""
    return expanded(named[0], given) if named else "", alias


def _base(image: str) -> str | Unknown:
    bare = _OFFICIAL.sub("", image).partition("@")[0].partition(":")[0]
    return "" if bare in _OF_ROOT else UNKNOWN


def assigned(words: list[str]) -> dict[str, str]:
    """What `ARG NAME=value` and `ENV NAME=value`, or `ENV NAME value`, give."""
    pairs = [word.partition("=") for word in words]
    if len(words) == 2 and not pairs[0][1]:
        return {words[0]: words[1].strip("\"'")}
    return {name: value.strip("\"'") for name, equals, value in pairs if equals}


def expanded(text: str, given: dict[str, str]) -> str:
    """A text with the defaults that these names, or the text itself, give its variables; one without a default stays."""
    return _VARIABLE.sub(lambda m: given.get(m[1] or m[3], m[2] if m[2] is not None else m[0]), text)
