"""The script of the target that a command runs, found by its path or by the `COPY` of the Dockerfile that names it."""

import posixpath
import re
from collections.abc import Sequence

from audit.reading.deployment.command_wrappers import unwrapped
from audit.reading.deployment.container_users import assigned, expanded
from audit.reading.deployment.dockerfiles import read_image
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.image_names import is_of_a_server
from audit.reading.source_files import Source

_DOCKERFILE = re.compile(r"(?i)(^|/)dockerfile[^/]*$|\.dockerfile$")
_SHELLS = frozenset({"bash", "sh", "dash", "ash", "zsh"})
_SHEBANG = re.compile(r"#!.*\b(ba|da|z|k)?sh\b")


def called_script(words: Sequence[str], around: Around, dockerfile: str = "") -> Source | None:
    """A shell script that the first word names, or the one that a shell is given; None when none, or several, may be it."""
    if words and words[0].rpartition("/")[2] in _SHELLS:
        words = [word for word in words[1:] if not word.startswith("-")]
    if not words:
        return None
    named = [*_copied(words[0], around, dockerfile), words[0]]
    for name in named:
        found = _ending_as(name, around)
        if len(found) == 1:
            return found[0]
    return None


def sourced_text(name: str, around: Around | None) -> str:
    """The text of the only file of the target that is called so, whatever folder a script computes; empty for none, or several."""
    last = name.strip("\"'").rpartition("/")[2]
    if around is None or ("." in last and not last.endswith((".sh", ".bash", ".inc", ".lib"))):
        return ""
    found = [
        source for path in around.tree.paths if posixpath.basename(path) == last and (source := around.source(path))
    ]
    return found[0].text if len(found) == 1 else ""


def entry_of_images(words: Sequence[str], image: str, around: Around) -> str:
    """The only Dockerfile of the target whose `ENTRYPOINT` is a script that speaks of the first word; empty for none, or several.

    The image of a service that only gives words to it is taken for the one that this Dockerfile makes.
    """
    if not words or is_of_a_server(image):
        return ""
    found = [source for path in around.tree.paths if _DOCKERFILE.search(path) and (source := around.source(path))]
    told = [
        (source.path, called_script(unwrapped(read_image(source).entrypoint), around, source.path)) for source in found
    ]
    speaking = [path for path, script in told if script and re.search(rf"\b{re.escape(words[0])}\b", script.text)]
    return speaking[0] if len(speaking) == 1 else ""


def _copied(name: str, around: Around, dockerfile: str) -> list[str]:
    """What a Dockerfile copies to this path."""
    source = around.source(dockerfile) if dockerfile else None
    found = []
    given: dict[str, str] = {}
    for line in source.lines if source else ():
        if line.lstrip()[:4].upper() in {"ARG ", "ENV "}:
            given |= assigned(line.split()[1:])
        words = [expanded(word, given) for word in line.split()[1:] if not word.startswith("--")]
        if line.lstrip()[:4].upper() in {"COPY", "ADD "} and len(words) > 1 and _is_at(words[-1], name):
            found.append(posixpath.normpath(words[0]))
    return found


def _is_at(copied: str, name: str) -> bool:
    """Whether what is copied there is what a command names, by its path or, in a folder of programs, by its name."""
    path = posixpath.normpath(copied.strip("\"',[]"))
    return path == name or (
        "/" not in name and posixpath.basename(path) == name and posixpath.dirname(path).endswith("bin")
    )


def _ending_as(name: str, around: Around) -> list[Source]:
    """Scripts that end as this path does, for the longest end that some path has."""
    parts = posixpath.normpath(name).strip("/").split("/")
    for start in range(len(parts)):
        end = "/".join(parts[start:])
        paths = [p for p in around.tree.paths if p == end or p.endswith(f"/{end}")]
        found = [source for source in map(around.source, paths) if source and _SHEBANG.match(source.text)]
        if found:
            return found
    return []
