"""4.8: a person under two forms of one number gets one Message 1."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from audit.experiments.abilities import NumberForms
from audit.experiments.experiment import Experiment, Record
from audit.experiments.judgement import Judgement
from audit.experiments.waiting import wait_stable, wait_until
from audit.model.findings import Finding

_ID = "one-person"
_ONCE = Judgement(
    _ID,
    ("4.8",),
    "Un Message 1 par personne",
    "Élevé : une personne reçoit deux fois la même campagne",
    "Reconnaître une personne sous chaque forme de son numéro, dans les listes comme dans les imports",
)


@dataclass(frozen=True)
class Plan:
    """How long to wait for the sends, and as long as nothing more leaves (seconds)."""

    end_seconds: float = 60.0
    quiet_seconds: float = 7.0


def run(driver: NumberForms, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """One campaign over persons who are each in its list under two forms."""
    people = driver.launch_both_forms()
    record.note(f"campagne lancée : {len(people)} personnes, chacune sous deux formes de son numéro")
    counts: dict[str, int] = {}

    def count() -> list[int]:
        accepted = Counter(entry.key for entry in driver.accepted())
        counts.update({name: sum(accepted[key] for key in keys) for name, keys in people.items()})
        return [*counts.values()]

    wait_until(lambda: all(count()), plan.end_seconds, 0.2)
    wait_stable(count, plan.quiet_seconds, plan.end_seconds)
    for name, number in counts.items():
        record.figure(f"Message 1 reçus, {name}", number)
    twice, never = [n for n, c in counts.items() if c > 1], [n for n, c in counts.items() if not c]
    if twice:
        return [_ONCE.defect(record, "Personnes qui reçoivent plusieurs Message 1 d'une campagne", twice)]
    if never:
        return [_ONCE.defect(record, "Personnes qui ne reçoivent pas de Message 1", never)]
    return [
        _ONCE.established(
            record,
            f"Une personne dont le numéro est donné sous deux formes reçoit un seul Message 1, dans chacun de ces pays : {', '.join(counts)}",
        )
    ]


EXPERIMENT = Experiment(_ID, "Personnes sous deux formes de leur numéro", ("4.8",), run, NumberForms)
