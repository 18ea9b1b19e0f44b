"""The release of Celery that runs: the imported one, else the one that a file pins."""

from dataclasses import dataclass
from fnmatch import fnmatch

from audit.model.domains import Domain
from audit.model.findings import Evidence, Excerpt
from audit.model.gaps import Doubt, Gap
from audit.model.observations.deployment_statements import PinnedCelery
from audit.model.target_facts import TargetFacts

# Measured: it ends when its broker does, with an unacknowledged message.
DIES_WITH_ITS_BROKER = "5.7.0"


@dataclass(frozen=True)
class Release:
    """A release, as an exact number or `5.6.*`, and what says so."""

    version: str
    evidence: Evidence
    place: Excerpt | None = None


def celery_releases(known: TargetFacts) -> Domain[Release]:
    """One member where a release is told; a gap where none is, or where it may be the one that dies."""
    gaps: list[Gap] = []
    if not known.settings_known:
        gaps.append(Doubt(why=known.why_silent or "aucune application Celery n'a été trouvée"))
    found = None if gaps else told_release(known)
    if found is None:
        gaps += [] if gaps else [Doubt(why="une version de Celery épinglée (aucun fichier n'en fixe)")]
        return Domain((), tuple(gaps), "")
    if "*" in found.version and fnmatch(DIES_WITH_ITS_BROKER, found.version):
        why = f"la version précise de Celery (`{found.version}` peut être {DIES_WITH_ITS_BROKER})"
        gaps.append(Doubt(why=why))
    return Domain((found,), tuple(gaps), found.version)


def told_release(known: TargetFacts) -> Release | None:
    """What an import, else a file, says of it; None for nothing."""
    imported = known.configuration.versions.get("celery", "") if known.configuration else ""
    if imported and known.configuration:
        return Release(imported, known.configuration.evidence(celery=imported))
    # An exact release says more than `5.6.*`.
    pinned = sorted(known.source.observations_of(PinnedCelery), key=lambda o: "*" in o.version)
    if not pinned:
        return None
    place, version = pinned[0].excerpt, pinned[0].version
    return Release(version, known.source.evidence(place, celery=version), place)
