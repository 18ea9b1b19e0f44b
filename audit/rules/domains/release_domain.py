"""The release of Celery that runs, the imported one, else the one that a file pins, beside the releases that were played."""

from collections.abc import Iterator
from fnmatch import fnmatch

from audit.model.domains import Domain
from audit.model.gaps import Doubt, Gap
from audit.model.target_facts import TargetFacts
from audit.rules.measured_releases import BrokerDeaths, measured_releases
from audit.rules.told_release import Release, told_release


def celery_releases(known: TargetFacts) -> Domain[Release]:
    """One member where a release is told; a gap where none is, where it may be one that dies, or where its series was not played."""
    gaps: list[Gap] = []
    if not known.settings_known:
        gaps.append(Doubt(why=known.why_silent or "aucune application Celery n'a été trouvée"))
    found = None if gaps else told_release(known)
    if found is None:
        gaps += [] if gaps else [Doubt(why="une version de Celery épinglée (aucun fichier n'en fixe)")]
        return Domain((), tuple(gaps), "")
    return Domain((found,), tuple(_unplayed(found.version)), _read(found.version))


def _played(version: str) -> list[BrokerDeaths]:
    """What was played of this version, else of its series: `5.6.2` stands by `5.6.3`."""
    measured = measured_releases()
    if version in measured:
        return [measured[version]]
    series = version if "*" in version else ".".join(version.split(".")[:2]) + ".*"
    return [deaths for release, deaths in measured.items() if fnmatch(release, series)]


def _unplayed(version: str) -> Iterator[Gap]:
    measured, found = measured_releases(), _played(version)
    if version in measured:
        return
    if not found:
        yield Doubt(
            why=f"ce que Celery {version} fait quand son broker tombe : versions essayées {', '.join(measured)}"
        )
    for one in found:
        if one.died and "*" in version:
            yield Doubt(why=f"la version précise de Celery (`{version}` peut être {one.release})")
        elif one.died:
            same = f"la série de Celery {version} : le worker de {one.release} meurt avec son broker"
            yield Doubt(why=f"{same}, et {version} n'a pas été essayée")


def _read(version: str) -> str:
    played = ", ".join(
        f"{m.release} essayée dans {m.played} combinaisons sans qu'un worker meure" for m in _played(version)
    )
    unplayed = "" if version in measured_releases() else f"{version} n'a pas été essayée"
    where = "mesures de `measured_releases.json`, livré avec l'outil"
    return " ; ".join(filter(None, (unplayed, played, played and where)))
