"""What `make TARGET` runs: the recipes of a Makefile of the target, its variables expanded."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import join, normpath

from audit.reading.deployment.file_references import Around
from audit.reading.source_files import Source

_NAMES = ("GNUmakefile", "makefile", "Makefile")
_VARIABLE = re.compile(r"(?:export\s+|override\s+)?([\w.-]+)\s*(::?:?=|\?=|\+=|=)\s*(.*)$")
_RULE = re.compile(r"([^\s:=#][^:=#]*):(?!=)([^=;]*)(?:;(.*))?$")
_MOST = 20


@dataclass(frozen=True)
class Recipe:
    """The shell text of a target, and the Makefile that holds it."""

    text: str
    path: str


def recipe_of(words: Sequence[str], around: Around, variables: Mapping[str, str]) -> Recipe | None:
    """What a `make` command runs, the targets that it needs first; None where no Makefile of the tree has its target."""
    given, targets, folder, file = _asked(words[1:])
    names = [file] if file else list(_NAMES)
    source = next(filter(None, (around.source(normpath(join(folder, name))) for name in names)), None)
    if source is None:
        return None
    values, rules = _read(source, variables)
    values |= given
    first = next((name for name in rules if not name.startswith(".")), "")
    found = [line for target in targets or [first] for line in _lines(target, rules, ())]
    known = all(target in rules for target in targets or [first])
    return Recipe("\n".join(_expanded(line, values) for line in found), source.path) if known and found else None


def run_before(source: Source, number: int) -> str:
    """What `make` runs before the line of this number: the targets that its own needs, and the lines above it."""
    above = source.lines[: number - 1]
    headed = next((at for at in range(len(above) - 1, -1, -1) if _RULE.match(above[at])), None)
    if headed is None:
        return ""
    values, rules = _read(source, {})
    needed = rules.get(above[headed].partition(":")[0].split(" ")[0], ([], []))[0]
    lines = [line for target in needed for line in _lines(target, rules, ())]
    lines += [line.strip().lstrip("@-+") for line in above[headed + 1 :] if line.startswith("\t")]
    return "\n".join(_expanded(line, values) for line in lines)


def _asked(words: Sequence[str]) -> tuple[dict[str, str], list[str], str, str]:
    """Its variables, its targets, its folder and its file."""
    given: dict[str, str] = {}
    targets, folder, file, index = [], ".", "", 0
    while index < len(words):
        word, index = words[index], index + 1
        if word in {"-C", "-f", "--directory", "--file", "--makefile"} and index < len(words):
            folder, file = (words[index], file) if word in {"-C", "--directory"} else (folder, words[index])
            index += 1
        elif "=" in word and not word.startswith("-"):
            given[word.partition("=")[0]] = word.partition("=")[2]
        elif not word.startswith("-"):
            targets.append(word)
    return given, targets, folder.lstrip("/") or ".", file


def _read(
    source: Source, variables: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, tuple[list[str], list[str]]]]:
    values = dict(variables)
    rules: dict[str, tuple[list[str], list[str]]] = {}
    current: list[str] = []
    for line in source.text.replace("\\\n", " ").splitlines():
        if line.startswith("\t"):
            for target in current:
                rules[target][1].append(line.strip().lstrip("@-+"))
            continue
        text = line.split(" #")[0].rstrip()
        variable, rule = _VARIABLE.match(text), _RULE.match(text)
        if variable:
            name, how, value = variable.groups()
            values[name] = f"{values.get(name, '')} {value}".strip() if how == "+=" else value
            values[name] = variables[name] if how == "?=" and name in variables else values[name]
        elif rule:
            current = rule.group(1).split()
            for target in current:
                rules.setdefault(target, ([], []))[0].extend(rule.group(2).split())
                rules[target][1].extend([rule.group(3).strip()] if rule.group(3) else [])
    return values, rules


def _lines(target: str, rules: Mapping[str, tuple[list[str], list[str]]], seen: tuple[str, ...]) -> Iterator[str]:
    if target in rules and target not in seen:
        for needed in rules[target][0]:
            yield from _lines(needed, rules, (*seen, target))
        yield from rules[target][1]


def _expanded(text: str, values: Mapping[str, str]) -> str:
    """Its variables replaced; what nothing gives becomes a variable of the shell."""
    for _ in range(_MOST):
        found = re.search(r"(?<!\$)\$[({]([\w.-]+)[)}]", text)
        if not found:
            break
        text = text.replace(found.group(), values.get(found.group(1), f"$${{{found.group(1)}}}"))
    return text.replace("$$", "$")
