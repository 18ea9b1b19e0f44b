"""What a chord does of a header task that dies: a fault only where the target writes chords, or may."""

from collections.abc import Mapping, Sequence
from typing import Any

from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.sentences import defect, place_of, reservation, settings_told, wrongs
from audit.french.typography import counted, french_seconds
from audit.model.domains import Answer, Domain, conclude
from audit.model.findings import Evidence, Finding, Outcome
from audit.model.gaps import ExcludedCode, Gap
from audit.model.observations.messages import ChordUse

WHEN = "quand une tâche d'un chord meurt"
TITLE = "Chord dont une tâche de l'en-tête meurt"
_ADVICE = (
    "Acquitter après l'exécution et rejouer ce qu'un processus mort laisse, ou garder en base ce qui reste à faire et ne pas faire "
    "dépendre la suite d'un chord"
)
_BACKEND = "Donner un `result_backend` qui permet les chords (Redis, base)"


def judge_chord(
    seen: Observation,
    evidence: Evidence,
    settings: Mapping[str, Any],
    chords: Sequence[ChordUse],
    gaps: Sequence[Gap],
) -> list[Finding]:
    """A chord that does not end is a defect of a target that writes one."""
    if seen.waiting:
        return wrongs(seen, WHEN, evidence, settings)
    what, advice = _wrong(seen, settings)
    if not what:
        return _ended(seen, evidence)
    if chords:
        written = f"la cible en écrit {len(chords)} ({place_of(chords[0].excerpt)})"
        return [defect(TITLE, f"{what} ; {written}", seen, evidence, advice)]
    hiding = next((f" ({gap.words})" for gap in _hiding(gaps)), "")
    missing = f"aucun chord n'a été lu dans la cible, où tout n'a pas pu être lu{hiding} ; joué : {what}"
    return [Finding(Outcome.UNDETERMINED, TITLE, (evidence,), missing=missing)]


def no_chord(chords: Sequence[ChordUse], gaps: Sequence[Gap]) -> Finding | None:
    """« Sans objet » where the target surely writes none; None where one is, or may be, written."""
    answer: Answer[str] = conclude(Domain(tuple(chords), _hiding(gaps), "0 chord"), lambda _: ())
    if answer.outcome is not Outcome.NOT_APPLICABLE:
        return None
    return Finding(answer.outcome, f"{TITLE} : la cible n'écrit aucun chord (lu : {answer.read})", proof=answer.proof)


def _hiding(gaps: Sequence[Gap]) -> tuple[Gap, ...]:
    return tuple(gap for gap in gaps if not isinstance(gap, ExcludedCode))


def _wrong(seen: Observation, settings: Mapping[str, Any]) -> tuple[str, str]:
    """What the chord did not do, and the advice; empty when it ended."""
    kind = seen.values.get("backend") or "aucun"
    if refused := seen.values.get("refused"):
        return f"Un chord est refusé à sa publication (résultats : `{kind}`) : {refused}", _BACKEND
    if not seen.values["bodies"]:
        told = f"{settings_told(settings)}, résultats : `{kind}`"
        return (
            f"Un enfant tué (SIGKILL) en pleine tâche d'un chord : la dernière tâche ne part jamais ({told})",
            _ADVICE,
        )
    return "", ""


def _ended(seen: Observation, evidence: Evidence) -> list[Finding]:
    times, repeated = seen.values["bodies"], (*seen.twice, *seen.due)
    if times > 1 or repeated:
        sentence = (
            f"Un enfant tué (SIGKILL) en pleine tâche d'un chord : {counted(len(repeated), 'tâche')} du chord exécutée deux fois, sa dernière "
            f"tâche {times} fois ; sans dommage seulement si elles sont idempotentes"
        )
        return [reservation("Un chord s'exécute deux fois", sentence, seen, evidence, "Rendre les tâches idempotentes")]
    sentence = (
        f"Un enfant tué (SIGKILL) en pleine tâche d'un chord (résultats : `{seen.values['backend']}`) : celle-ci recommence, et la dernière "
        f"tâche part une seule fois, {french_seconds(seen.back_seconds or 0)} après la faute"
    )
    return [Finding(Outcome.ESTABLISHED, sentence, (evidence,))]
