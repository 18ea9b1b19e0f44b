"""What changed between two journals: verdicts, figures, problems that appeared and went."""

from collections.abc import Iterator, Mapping
from typing import Any

from audit.journal.corrections import open_points
from audit.journal.fingerprints import fingerprints, known

Journal = Mapping[str, Any]


def differences(before: Journal, after: Journal) -> list[str]:
    """One French line a change, in the order of a report; none when they say the same."""
    return [
        *_trees(before, after),
        *_verdicts(before, after),
        *_points(before, after),
        *_problems(before, after),
        *_figures(before, after),
    ]


def _trees(before: Journal, after: Journal) -> Iterator[str]:
    for name, key in (("Cible", "name"), ("Empreinte de l'arbre", "digest")):
        was, now = before["target"][key], after["target"][key]
        if was != now:
            yield f"{name} : {was[:60]} → {now[:60]}"
    for name in ("family", "profile", "level"):
        if before[name] != after[name]:
            yield f"{name} : {before[name]} → {after[name]}"


def _verdicts(before: Journal, after: Journal) -> Iterator[str]:
    was, now = ({r["id"]: _status(r) for r in journal["requirements"]} for journal in (before, after))
    for identifier in {**was, **now}:
        if was.get(identifier) != now.get(identifier):
            yield f"Exigence {identifier} : {was.get(identifier, 'absente')} → {now.get(identifier, 'absente')}"


def _points(before: Journal, after: Journal) -> Iterator[str]:
    left, left_now = map(open_points, (before, after))
    for word, of, others in (("À vérifier, apparu", left_now, left), ("Établi ou sans objet", left, left_now)):
        yield from (f"{word} : {_told(rule, point)}" for rule, point in of.items() if rule not in others)


def _told(rule: str, point: Mapping[str, str]) -> str:
    return f"{point['severity'] or 'gravité non précisée'}, {point['sentence'].rstrip('.')} ({rule})"


def _status(entry: Journal) -> str:
    known_by = f" ({entry['known_by']})" if entry["known_by"] and entry["verdict"] != "INDÉTERMINÉ" else ""
    return f"{entry['verdict']}{known_by}"


def _problems(before: Journal, after: Journal) -> Iterator[str]:
    for word, of, others in (("Apparu", after, known(before)), ("Disparu", before, known(after))):
        for problem in of["problems"]:
            places = [place for mark, place in fingerprints(problem).items() if mark not in others]
            if places:
                where = f" ({', '.join(places)})" if any(places) else ""
                yield f"{word} : {problem['severity']}, {problem['title']}{where}"


def _figures(before: Journal, after: Journal) -> Iterator[str]:
    was, now = (
        {(e["id"], name): value for e in journal["experiments"] for name, value in e["figures"]}
        for journal in (before, after)
    )
    for key in {**was, **now}:
        if was.get(key) != now.get(key):
            yield f"Mesure {key[0]}, {key[1]} : {was.get(key, 'absente')} → {now.get(key, 'absente')}"
