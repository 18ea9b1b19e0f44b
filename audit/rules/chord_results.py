"""Chords, whose last task runs only if the results of the others are kept where it can count them."""

from collections.abc import Sequence

from audit.french.typography import counted
from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.gaps import Doubt, ExcludedCode, Gap
from audit.model.observations.messages import ChordUse
from audit.model.target_facts import TargetFacts
from audit.rules.domains.setting_domain import place_of, ruled_by
from audit.rules.domains.setting_scopes import ignoring
from audit.rules.effective_settings import NO_TASK, results, short
from audit.rules.practice import Fault, answered, practice, unknown
from audit.rules.rule import Guide

_CHORDS = "https://docs.celeryq.dev/en/stable/userguide/canvas.html#chord-important-notes"
_WITHOUT_CHORDS = frozenset({"rpc", "amqp"})
_COUNTING = frozenset({"redis"})


@practice(
    "chord-results",
    "Résultats des chords",
    reference=_CHORDS,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Les résultats qu'attendent les chords lus sont conservés",
        fails="Un chord a besoin des résultats de son en-tête, qui ne sont pas conservés : sa dernière tâche ne part jamais",
        advice="Donner un `result_backend` qui permet les chords (Redis, base), et ne pas ignorer les résultats de l'en-tête",
        solution='result_backend = "redis://localhost/1"\n\n@app.task(ignore_result=False)\ndef count(district): ...',
        undetermined="aucune tâche n'a été lue, ou `result_backend` ne se lit pas",
        impact="Élevé : la suite du travail n'est jamais faite",
    ),
    example="""
        from celery import Celery, group

        app = Celery("shop", broker="redis://localhost/0", backend="«rpc://¦redis://localhost/1»")


        @app.task
        def count(district): ...


        @app.task
        def total(counts): ...


        def census(districts):
            (group(count.s(d) for d in districts) | total.s()).delay()
    """,
)
def _kept(known: TargetFacts) -> Sequence[Finding]:
    guide = _kept.guide
    if not known.source.tasks:
        return unknown(guide, known.source.failure or NO_TASK)
    chords = known.source.observations_of(ChordUse)
    kept, why = results(known) if chords else ("", "")
    gaps: list[Gap] = [gap for gap in known.source.gaps if not isinstance(gap, ExcludedCode)]
    gaps += [Doubt(why=why)] if why else []
    # Redis counts the tasks of a header by itself, and keeps what they return beside their results.
    dropping, unread = ignoring(known) if kept and kept not in _COUNTING else (frozenset[str](), frozenset[str]())
    gaps += [gap for chord in chords for gap in _unread(chord, dropping, unread)]

    def faults(chord: ChordUse) -> list[Fault]:
        name = f"`{short(chord.symbol) or 'module'}`"
        if kept == "none":
            return [Fault(f"{name}, sans `result_backend`", chord.excerpt)]
        if kept in _WITHOUT_CHORDS:
            return [Fault(f"{name}, sur `{kept}://`, qui ne permet pas les chords", chord.excerpt)]
        dropped = () if kept in _COUNTING else chord.dropped
        lost = dict.fromkeys(short(symbol) for symbol in (*dropped, *chord.header) if symbol in {*dropping, *dropped})
        return [Fault(f"{name}, dont l'en-tête ignore les résultats de `{task}`", chord.excerpt) for task in lost]

    may_be = "prend une liste qui ne se lit pas, et tient peut-être un groupe suivi d'une tâche"
    unsure = [chord for chord in chords if chord.perhaps and faults(chord)]
    gaps += [Doubt(*place_of(c.excerpt), f"le `chain` de `{short(c.symbol) or 'module'}` {may_be}") for c in unsure]
    domain = ruled_by(known, (), chords, counted(len(chords), "chord"), *gaps)
    answer = conclude(domain, lambda chord: [] if chord.perhaps else faults(chord))
    evidence = [known.source.evidence(chord.excerpt) for chord in chords[:3]] or [known.source.evidence()]
    return answered(
        guide, "Chord sans résultats", answer, *evidence, nothing="aucun chord n'est écrit dans ce qui a été lu"
    )


def _unread(chord: ChordUse, dropping: frozenset[str], unread: frozenset[str]) -> list[Gap]:
    """What is not known of a header: all its tasks, where one of the project's ignores its result; what is kept of some."""
    place = place_of(chord.excerpt)
    if chord.partial and dropping:
        return [
            Doubt(*place, f"les tâches de l'en-tête du chord de `{short(chord.symbol) or 'module'}` ne se lisent pas")
        ]
    found = [short(symbol) for symbol in chord.header if symbol in unread]
    return [Doubt(*place, f"`ignore_result` de `{name}`, dans l'en-tête d'un chord, ne se lit pas") for name in found]
