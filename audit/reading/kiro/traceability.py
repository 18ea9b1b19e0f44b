"""What holds a spec together: criteria that tasks cite and rules cover, citations of criteria that exist."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.reading.deployment.git_index import repository
from audit.reading.kiro.citations import Citation, Flaw, Identifier
from audit.reading.kiro.requirements_file import Criterion
from audit.reading.kiro.spec_files import HOME, Spec, read_spec, specs_found
from audit.reading.kiro.tasks_file import Plan


@dataclass(frozen=True)
class Dangling:
    """A citation of what the spec does not state: `missing` are criteria `N.M` or families `N`."""

    text: str
    place: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Checkpoint:
    """A task that validates a phase, and the criteria it validates; `inherited` when it cites none itself."""

    number: str
    title: str
    criteria: tuple[str, ...]
    inherited: bool


@dataclass(frozen=True)
class Traceability:
    """`uncited`, `uncovered` and `dangling` are None when a file that was not read leaves them unknown.

    `entrusted` pairs a criterion of the spec with each rule that the target file gives it.
    """

    path: str
    name: str
    digest: str
    criteria: int
    tasks: int
    uncited: tuple[Criterion, ...] | None
    uncovered: tuple[Criterion, ...] | None
    dangling: tuple[Dangling, ...] | None
    entrusted: tuple[tuple[str, str], ...]
    checkpoints: tuple[Checkpoint, ...]
    flaws: tuple[Flaw, ...]
    unread: tuple[tuple[str, str], ...]


def spec_of(root: Path, declared: str) -> Spec | None:
    """The spec that the target file declares, else the only one of the project; None when it has none.

    A project that is a folder of a repository has the specs of the nearest folder around it, up to the repository's top.
    Of several, none is read, and the reason is in `unread`.
    """
    home = root if declared else _home(root)
    found = (declared,) if declared else specs_found(home)
    if len(found) > 1:
        names = ", ".join(f"`{path}`" for path in found[:5]) + (", …" if len(found) > 5 else "")
        why = f"plusieurs specs ({names}), et `[spec] kiro` n'en désigne aucune"
        return Spec(HOME, "", None, None, None, (), ((HOME, why),))
    return read_spec(home, found[0]) if found else None


def _home(root: Path) -> Path:
    """The nearest folder that holds specs, `root` or one around it within the same repository; `root` without any."""
    top = repository(root)
    within = [folder for folder in (root, *root.parents) if top and folder.is_relative_to(top)]
    return next((folder for folder in within if specs_found(folder)), root)


def trace(
    spec: Spec,
    by_number: Mapping[str, Collection[str]],
    declared: Mapping[str, Collection[str]],
    rules: Collection[str],
) -> Traceability:
    """Compare what the spec states with what its tasks cite and its rules cover.

    `by_number` gives the rules that bear the number of a criterion `N.M` of this spec, `declared` those that the target file
    gives it; `rules` are those that exist. What `declared` says of others covers nothing, and is named.
    """
    known = {c.identifier: c for c in spec.criteria or ()}
    stated = {str(i) for i in known}
    tasks = spec.plan.tasks if spec.plan else []
    cited = _cited(known, [c for task in tasks for c in task.citations])
    every = [c for part in (spec.plan, spec.design) if part for c in part.citations]
    covered = {i for i in known if by_number.get(str(i)) or set(declared.get(str(i), ())) & set(rules)}
    comparable = bool(known and tasks)
    return Traceability(
        path=spec.path,
        name=spec.name if spec.digest else "",
        digest=spec.digest,
        criteria=len(known),
        tasks=len(tasks),
        uncited=tuple(c for i, c in known.items() if i not in cited) if comparable else None,
        uncovered=tuple(c for i, c in known.items() if i not in covered) if known else None,
        dangling=_dangling(every, known) if known else None,
        entrusted=tuple((i, r) for i, named in declared.items() for r in named if i in stated and r in rules),
        checkpoints=_checkpoints(spec.plan, known) if spec.plan else (),
        flaws=(*spec.flaws, *_unknown(declared, stated, rules)),
        unread=spec.unread,
    )


def _cited(known: Collection[Identifier], citations: Sequence[Citation]) -> set[Identifier]:
    distinct = {(c.first, c.last): c for c in citations}.values()
    return {i for i in known if any(c.covers(i) for c in distinct)}


def _dangling(citations: Sequence[Citation], known: Collection[Identifier]) -> tuple[Dangling, ...]:
    stated = {str(i) for i in known} | {str(i.family) for i in known}
    lost = ((c, tuple(end for end in c.ends if end not in stated)) for c in citations)
    return tuple(Dangling(c.text, c.place, missing) for c, missing in lost if missing)


def _checkpoints(plan: Plan, known: Collection[Identifier]) -> tuple[Checkpoint, ...]:
    inherited = {p: _cited(known, plan.cited_in_phase(p)) for p in {t.phase for t in plan.tasks if t.is_checkpoint}}
    found = []
    for task in plan.tasks:
        if task.is_checkpoint:
            validated = _cited(known, task.citations) if task.citations else inherited[task.phase]
            ids = tuple(str(i) for i in sorted(validated))
            found.append(Checkpoint(task.number, task.title, ids, not task.citations))
    return tuple(found)


def _unknown(declared: Mapping[str, Collection[str]], stated: Collection[str], rules: Collection[str]) -> list[Flaw]:
    """Entries of the target's own `[criteria]` that name nothing that exists."""
    flaws = []
    for identifier, named in declared.items():
        place = f"[criteria] {identifier}"
        flaws += [Flaw(place, f"aucune règle ne s'appelle « {rule} »") for rule in named if rule not in rules]
        if stated and identifier not in stated:
            flaws.append(Flaw(place, "la spec n'énonce pas ce critère"))
    return flaws
