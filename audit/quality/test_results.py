"""Result files of test runs: JUnit's and coverage's XML. One older than the code it speaks of says nothing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

from audit.model.quality_facts import ResultFile

_LARGEST_BYTES = 50 << 20


def read(
    root: Path, name: str, numbers: Callable[[ElementTree.Element], Mapping[str, int]], changed: float
) -> ResultFile:
    """The file `name` of the target; `changed` is when its code last changed (seconds since the epoch)."""
    if not name:
        return ResultFile("", why_unknown="la cible ne nomme aucun fichier de résultats")
    try:
        return ResultFile(name, numbers(_document(root / name, changed)))
    except FileNotFoundError:
        return ResultFile(name, why_unknown=f"`{name}` est absent : aucun résultat à lire")
    except (OSError, ValueError, ElementTree.ParseError) as error:
        return ResultFile(name, why_unknown=f"`{name}` ne peut pas servir : {error}")


def _document(path: Path, changed: float) -> ElementTree.Element:
    """The file's root element. Raises ValueError when it is too large, too old, or would have to be expanded."""
    if path.stat().st_mtime < changed:
        raise ValueError("il est antérieur au dernier changement de l'arbre")
    if path.stat().st_size > _LARGEST_BYTES:
        raise ValueError("il est trop gros pour être lu")
    text = path.read_text(encoding="utf-8")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("il définit des entités")
    return ElementTree.fromstring(text)  # noqa: S314  entities were refused above


def tests(document: ElementTree.Element) -> Mapping[str, int]:
    """Tests, failures, errors and skips over every suite of a JUnit document. Raises ValueError when there is no suite."""
    suites = [e for e in document.iter("testsuite") if e.find("testsuite") is None]
    if not suites:
        raise ValueError("aucun `testsuite`")
    names = ("tests", "failures", "errors", "skipped")
    return {name: sum(int(suite.get(name, "0")) for suite in suites) for name in names}


def coverage(document: ElementTree.Element) -> Mapping[str, int]:
    """What is covered and what could be, lines and branches together. Raises ValueError for another document."""
    if document.tag != "coverage" or "lines-valid" not in document.attrib:
        raise ValueError("ce n'est pas un rapport de couverture")
    told = {name: int(value) for name, value in document.attrib.items() if name.endswith(("-valid", "-covered"))}
    return {
        "covered": told.get("lines-covered", 0) + told.get("branches-covered", 0),
        "valid": told["lines-valid"] + told.get("branches-valid", 0),
    }
