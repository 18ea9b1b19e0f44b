"""The release of Celery that runs: the imported one, else the one that a file pins."""

from fnmatch import fnmatch

from audit.model.domains import Domain
from audit.model.gaps import Doubt, Gap
from audit.model.target_facts import TargetFacts
from audit.rules.told_release import Release, told_release

# Measured: it ends when its broker does, with an unacknowledged message.
DIES_WITH_ITS_BROKER = "5.7.0"


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
