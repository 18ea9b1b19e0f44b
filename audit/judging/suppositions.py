"""What is supposed of a target that nobody described, and how a point that rests on it is told.

A supposition never makes a defect, and a point that rests on one says « supposé ».
"""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from audit.model.facts import Facts
from audit.model.findings import Finding, Outcome
from audit.model.gaps import named
from audit.target.import_paths import import_base
from audit.target.target_file import Target

_TOLD = 3


@dataclass(frozen=True)
class Supposition:
    """A symbol supposed to play a role, and the place of the target that suggested it (`path:line`)."""

    role: str
    symbol: str
    place: str

    @property
    def told(self) -> str:
        """What is supposed, in French."""
        return f"rôle `{self.role}` : `{self.symbol}`, d'après son seul nom (`{self.place}`)"


def described(target: Target) -> bool:
    """Whether a target file says anything of the target."""
    return target != Target(target.name, target.root, python=target.python)


def with_applications(target: Target, source: Facts) -> Target:
    """The target with the only applications its source has, where it declares none but names the interpreter to import with.

    A project that nobody described is not imported unless whoever audits it says with what.
    """
    if target.celery_app or target.asgi_app or not target.python:
        return _importable(target, source)
    alone = {kind: symbols[0] if len(symbols) == 1 else "" for kind, symbols in _found(source).items()}
    return _importable(replace(target, celery_app=alone["celery"], asgi_app=alone["asgi"]), source)


def _importable(target: Target, source: Facts) -> Target:
    """The target with the folders, below its root, from which its applications are imported, as `src/`, on `PYTHONPATH`."""
    named = {target.celery_app, target.asgi_app}
    bases = (import_base(a.symbol, a.excerpt.path) for a in source.applications if a.symbol in named and a.excerpt)
    folders = [str(target.root / base) for base in dict.fromkeys(bases) if base]
    if not folders or any(variable.startswith("PYTHONPATH=") for variable in target.environment):
        return target
    path = os.pathsep.join([*folders, *filter(None, [os.environ.get("PYTHONPATH")])])
    return replace(target, environment=(*target.environment, f"PYTHONPATH={path}"))


def no_application(source: Facts) -> str:
    """Why no Celery application was taken from the source, in English."""
    symbols = _found(source)["celery"]
    if not symbols:
        return "no Celery application was found in the source"
    several = f"{', '.join(symbols[:_TOLD])}{', …' if len(symbols) > _TOLD else ''}"
    return f"the source has several Celery applications ({several})"


def _found(source: Facts) -> dict[str, list[str]]:
    return {kind: [a.symbol for a in source.applications if a.kind == kind] for kind in ("celery", "asgi")}


def not_played(title: str, why: str) -> Finding:
    """What a scenario says on an application that was found, and that could not be imported."""
    settles = "relancer avec `--python`, l'interpréteur qui sait importer le projet"
    return Finding(Outcome.UNDETERMINED, title, missing=why.rstrip("."), settles=settles)


def with_roles(target: Target, supposed: Sequence[Supposition]) -> Target:
    """The target as if it declared what is supposed of it."""
    return replace(target, roles={**target.roles, **{s.role: (s.symbol,) for s in supposed}})


def as_supposed(finding: Finding, supposition: Supposition) -> Finding:
    """A finding that rests on a supposition: it says so, and a defect is only a reservation."""
    outcome = Outcome.RESERVATION if finding.outcome is Outcome.DEFECT else finding.outcome
    problem = finding.problem and replace(finding.problem, title=f"{finding.problem.title} (rôle supposé)")
    sentence = f"{finding.sentence.rstrip('.')} (supposé : {supposition.told})"
    return replace(finding, outcome=outcome, sentence=sentence, problem=problem, settles=finding.settles or _SETTLES)


_SETTLES = "`audit init`, corriger ce qu'il a supposé, puis relancer"


def supposed_lines(source: Facts, supposed: Sequence[Supposition], roles: Collection[str]) -> tuple[str, ...]:
    """What a report says was supposed, and what was not asked for want of it."""
    places = {a.symbol: f"`{a.excerpt.path}:{a.excerpt.first_line}`" for a in source.applications if a.excerpt}
    symbols = _found(source)["celery"]
    if len(symbols) == 1:
        place = f" ({places[symbols[0]]})" if symbols[0] in places else ""
        told = [f"application Celery : `{symbols[0]}`, la seule du projet{place}"]
    elif symbols:
        several = ", ".join(f"`{symbol}`" for symbol in symbols[:_TOLD]) + (", …" if len(symbols) > _TOLD else "")
        told = [f"application Celery : aucune, car le projet en a plusieurs ({several})"]
    else:
        doubts = source.celery_absence.gaps if source.celery_absence else ()
        why = f" (rien ne nomme Celery, mais {named(doubts)})" if doubts else ""
        told = [f"application Celery : aucune n'a été trouvée{why} ; ce qui dépend de ses réglages reste non vérifié"]
    told += [s.told for s in supposed]
    lacking = sorted({*roles} - {s.role for s in supposed})
    told += [f"rôle `{role}` : aucun candidat, ou plusieurs ; ce qui en dépend n'est pas jugé" for role in lacking]
    return tuple(told)
