"""Result files of test runs: JUnit's and coverage's XML. One older than the code it speaks of says nothing."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

from audit.model.quality_facts import ResultFile
from audit.quality.own_code import OwnCode

_LARGEST_BYTES = 50 << 20


_Numbers = Callable[[ElementTree.Element, OwnCode], Mapping[str, int]]
_BRANCHES = re.compile(r"\((\d+)/(\d+)\)")


def read(own: OwnCode, name: str, numbers: _Numbers, changed: float) -> ResultFile:
    """The file `name` of the target; `changed` is when its code last changed (seconds since the epoch)."""
    if not name:
        return ResultFile("", why_unknown="la cible ne nomme aucun fichier de résultats")
    try:
        content, written_at = _content(own.root / name, changed)
        document = _document(content)
        missing = tuple(sorted(own.files - {*map(_path_in(own, document), document.iter("class"))}))
        digest = hashlib.sha256(content).hexdigest()
        return ResultFile(name, numbers(document, own), missing=missing, written_at=written_at, digest=digest)
    except FileNotFoundError:
        return ResultFile(name, why_unknown=f"`{name}` est absent : aucun résultat à lire")
    except (OSError, ValueError, ElementTree.ParseError) as error:
        return ResultFile(name, why_unknown=f"`{name}` ne peut pas servir : {error}")


def _content(path: Path, changed: float) -> tuple[bytes, float]:
    """The file's bytes, and when it was written. Raises ValueError when it is too large or too old."""
    seen = path.stat()
    if seen.st_mtime < changed:
        raise ValueError("il est antérieur au dernier changement de l'arbre")
    if seen.st_size > _LARGEST_BYTES:
        raise ValueError("il est trop gros pour être lu")
    return path.read_bytes(), seen.st_mtime


def _document(content: bytes) -> ElementTree.Element:
    """The root element. Raises ValueError when it would have to be expanded."""
    text = content.decode("utf-8")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("il définit des entités")
    return ElementTree.fromstring(text)  # noqa: S314  entities were refused above


def tests(document: ElementTree.Element, own: OwnCode) -> Mapping[str, int]:
    """Tests of the target, with their failures, errors and skips; `others`: those that test what it excludes.

    Raises ValueError when there is no suite. A file that names no test counts as its suites say, all `unnamed`.
    """
    suites = [e for e in document.iter("testsuite") if e.find("testsuite") is None]
    if not suites:
        raise ValueError("aucun `testsuite`")
    cases = [case for suite in suites for case in suite.iter("testcase")]
    names = ("tests", "failures", "errors", "skipped")
    if not cases:
        told = {name: sum(int(suite.get(name, "0")) for suite in suites) for name in names}
        return {**told, "others": 0, "unnamed": told["tests"] if own.others else 0}
    foreign = {name: own.only_of_others(name) for name in {case.get("classname", "") for case in cases}}
    kept = [case for case in cases if not foreign[case.get("classname", "")]]
    found = {
        name: sum(case.find(tag) is not None for case in kept)
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
    }
    return {"tests": len(kept), **found, "others": len(cases) - len(kept), "unnamed": 0}


def coverage(document: ElementTree.Element, own: OwnCode) -> Mapping[str, int]:
    """What is covered and what could be in the target's own files, lines and branches together.

    `files` of them are counted, and `others` are not. Raises ValueError for another document.
    """
    if document.tag != "coverage" or "lines-valid" not in document.attrib:
        raise ValueError("ce n'est pas un rapport de couverture")
    classes = list(document.iter("class"))
    path_of = _path_in(own, document)
    kept = [one for one in classes if path_of(one) in own.files]
    counts = [count for one in kept for line in one.iter("line") for count in _counts(line)]
    return {
        "covered": sum(covered for covered, _ in counts),
        "valid": sum(valid for _, valid in counts),
        "files": len(kept),
        "others": len(classes) - len(kept),
    }


def _counts(line: ElementTree.Element) -> Iterator[tuple[int, int]]:
    yield int(line.get("hits", "0") != "0"), 1
    if branches := _BRANCHES.search(line.get("condition-coverage", "")):
        yield int(branches[1]), int(branches[2])


def _path_in(own: OwnCode, document: ElementTree.Element) -> Callable[[ElementTree.Element], str]:
    """The path, relative to the target's root, of the file that a `class` of a coverage report speaks of."""
    sources = [Path(e.text) for e in document.iter("source") if e.text]
    prefixes = [s.relative_to(own.root).as_posix() for s in sources if s.is_relative_to(own.root)]

    def path_of(one: ElementTree.Element) -> str:
        name = one.get("filename", "")
        paths = (name, *(f"{prefix}/{name}" for prefix in prefixes))
        return next((path for path in paths if path in own.files), name)

    return path_of
