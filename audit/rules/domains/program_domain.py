"""The Python files of a target's program with what was seen in each, and the files that git tracks."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from audit.french.typography import counted
from audit.model.domains import Domain
from audit.model.gaps import Doubt, Gap, UnreadFile
from audit.model.observations.observation import Observation, Seen
from audit.model.observations.secrets_and_certificates import TrackedEnvironment, TrackedFiles
from audit.model.target_facts import TargetFacts
from audit.model.test_files import is_test_file

_NO_CODE = "aucun code Python n'a été lu"


@dataclass(frozen=True)
class SourceFile(Generic[Seen]):
    """A file, and the observations of one kind in it."""

    path: str
    seen: tuple[Seen, ...]


def source_files(known: TargetFacts, kind: type[Seen], path_of: Callable[[Seen], str]) -> Domain[SourceFile[Seen]]:
    """Every Python file that was read, of which those of tests are not counted: nothing is seen in them; those that were not read are gaps."""
    seen: dict[str, list[Seen]] = defaultdict(list)
    for observation in known.source.observations_of(kind):
        seen[path_of(observation)].append(observation)
    paths = dict.fromkeys((*known.source.libraries, *seen))
    gaps: tuple[Gap, ...] = tuple(gap for gap in known.source.gaps if isinstance(gap, UnreadFile))
    if known.source.failure or not (paths and (known.source.functions or known.source.settings)):
        gaps = (Doubt(why=known.source.failure or _NO_CODE), *gaps)
    files = tuple(SourceFile(path, tuple(seen[path])) for path in paths)
    program = known.source.program
    count = sum(not is_test_file(path, program) for path in paths)
    return Domain(files, gaps, counted(count, "fichier"))


def tracked(known: TargetFacts) -> Domain[Observation]:
    """What git tracks now: a member for the index that was read, one for each file of environment variables in it."""
    read = known.source.observations_of(TrackedFiles)
    members: tuple[Observation, ...] = (*read, *known.source.observations_of(TrackedEnvironment))
    gaps: tuple[Gap, ...] = ()
    if known.source.failure:
        gaps = (Doubt(why=known.source.failure),)
    elif not read:
        gaps = (Doubt(why="la racine de la cible n'a pas d'index git lisible"),)
    told = f"{counted(read[0].count, 'fichier suivi')} ; l'historique n'est pas lu" if read else ""
    return Domain(members, gaps, told)
