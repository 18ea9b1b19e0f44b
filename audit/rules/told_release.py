"""The release of Celery that a target imports, else the one that a file of it pins."""

from dataclasses import dataclass

from audit.model.findings import Evidence, Excerpt
from audit.model.observations.deployment_statements import PinnedCelery
from audit.model.target_facts import TargetFacts


@dataclass(frozen=True)
class Release:
    """A release, as an exact number or `5.6.*`, and what says so."""

    version: str
    evidence: Evidence
    place: Excerpt | None = None


def told_release(known: TargetFacts) -> Release | None:
    """What an import, else a file, says of it; None for nothing."""
    imported = known.configuration.versions.get("celery", "") if known.configuration else ""
    if imported and known.configuration:
        return Release(imported, known.configuration.evidence(celery=imported))
    # An exact release says more than `5.6.*`, which says more than `5.*`.
    pinned = sorted(known.source.observations_of(PinnedCelery), key=lambda o: ("*" in o.version, -o.version.count(".")))
    if not pinned:
        return None
    place, version = pinned[0].excerpt, pinned[0].version
    return Release(version, known.source.evidence(place, celery=version), place)
