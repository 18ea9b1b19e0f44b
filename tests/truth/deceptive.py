"""What the rules answer on the projects of `tests/deceptive`: defects hidden from the harness."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.command.run_setup import prepare
from audit.model.findings import Outcome
from tests.deceptive.projects import Deception, deceptions
from tests.truth.measurement import ALARMS

_QUIET = frozenset({Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE})
_NAMES = {
    Outcome.DEFECT: "défauts",
    Outcome.RESERVATION: "réserves",
    Outcome.UNDETERMINED: "indéterminés",
    Outcome.ESTABLISHED: "établis",
    Outcome.NOT_APPLICABLE: "sans objet",
    Outcome.AUDIT_ERROR: "erreurs d'audit",
}


_TOLD = (
    "{hidden} défauts et {traps} projets sans défaut qui y ressemblent : ceux de `blind.txt`, `alone.txt` et `traps.txt` (`tests/deceptive/`) "
    "par deux personnes qui n'avaient pas lu l'audit, ceux de `mended/` par qui l'a corrigé. `alone.txt` et `traps.txt` ne gardent, de 844 projets "
    "écrits par la seconde, que ceux que l'audit jugeait mal ce soir-là (`74ee225`). "
    "Le défaut est derrière un autre fichier, une autre racine, la classe d'une bibliothèque, une aide, un décorateur, "
    "une table de fonctions, une option de commande ou un mot de l'environnement."
)


@dataclass(frozen=True)
class Deceived:
    """A hidden defect, and the outcome of its rule on each side; `defective` is None where the project holds no fault, `sound` without a twin."""

    deception: Deception
    defective: Outcome | None
    sound: Outcome | None

    @property
    def passed_over(self) -> bool:
        """Whether the rule passes the fault."""
        return self.defective in _QUIET

    @property
    def false_alarm(self) -> bool:
        """Whether it raises something on the sound side."""
        return self.sound in ALARMS


def observe_deceptions(folder: Path) -> list[Deceived]:
    """Each project, both sides, at level `source`."""

    def outcome(one: Deception, side: str) -> Outcome:
        root = one.write(folder / one.identifier / side, side)
        return prepare(str(root), "strict", "source").outcome(one.rule)

    return [
        Deceived(
            one,
            None if one.is_trap else outcome(one, "defective"),
            outcome(one, "sound") if one.has_sound_side else None,
        )
        for one in deceptions()
    ]


def deceptions_section(observed: Sequence[Deceived], pending: Mapping[str, Sequence[str]]) -> str:
    """Its Markdown: how many, what was answered, and every one that is still judged wrongly."""
    hidden = [one for one in observed if one.defective is not None]
    lines = [
        "## Défauts cachés",
        "",
        _TOLD.format(hidden=len(hidden), traps=len(observed) - len(hidden)),
        "",
        "| côté | " + " | ".join(_NAMES.values()) + " |",
        "|---|" + "---|" * len(_NAMES),
        _row("défectueux", Counter(one.defective for one in hidden if one.defective)),
        _row("sain", Counter(one.sound for one in observed if one.sound)),
        "",
    ]
    wrong = [*pending["passed_over"], *pending["false_alarms"]]
    lines.append(f"Jugés à tort : {', '.join(f'`{name}`' for name in wrong) if wrong else 'aucun'}.")
    return "\n".join(lines)


def _row(side: str, counts: Counter[Outcome]) -> str:
    return f"| {side} | " + " | ".join(str(counts[outcome]) for outcome in _NAMES) + " |"
