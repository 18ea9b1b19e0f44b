"""Settings written under a name that Celery does not read: the intention is there, the effect is not."""

from collections.abc import Sequence
from difflib import get_close_matches

from audit.model.findings import Finding, Severity
from audit.model.observations.messages import UnprefixedSetting
from audit.model.target_facts import TargetFacts
from audit.rules.celery_settings import KNOWN
from audit.rules.effective_settings import read
from audit.rules.practice import Fault, failed, passed, practice, unknown
from audit.rules.rule import Guide

_CONF = "https://docs.celeryq.dev/en/stable/userguide/configuration.html"
_CLOSE = 0.8


@practice(
    "known-settings",
    "Réglages que Celery lit",
    reference=_CONF,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Chaque réglage est écrit sous un nom que Celery lit",
        fails="Un réglage est écrit sous un nom que Celery ne lit pas : il n'a aucun effet",
        advice="Corriger le nom du réglage",
        solution="task_acks_late = True  # et non task_ack_late",
        undetermined="aucune application Celery n'a été trouvée avec ses réglages",
        impact="Moyen : la protection voulue n'existe pas",
    ),
    defective="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.task_ack_late = True
    """,
    sound="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        app.conf.task_acks_late = True
    """,
)
def _misnamed(known: TargetFacts) -> Sequence[Finding]:
    opening = read(known, "task_always_eager")
    if not known.probes or not known.probes[0].settings:
        return unknown(_misnamed.guide, opening.missing)
    faults: list[Fault] = []
    for facts in known.probes:
        for name, setting in facts.settings.items():
            meant = misspelled(name)
            if meant and not any(f"`{name}`" in fault.text for fault in faults):
                written = known.source.settings.get(name, setting)
                faults.append(Fault(f"`{name}` au lieu de `{meant}`", written.excerpt))
    faults += [
        Fault(f"`{one.written}` sans le préfixe `{one.prefix}`, qui seul le ferait lire", one.excerpt)
        for one in known.source.observations_of(UnprefixedSetting)
        if one.meant in KNOWN
    ]
    evidence = [f.evidence() for f in known.probes]
    if faults:
        return failed(_misnamed.guide, "Réglage sans effet", faults, *evidence)
    count = len(known.source.settings) or len(known.probes[0].settings)
    return passed(_misnamed.guide, f"{count} réglage{'s' if count > 1 else ''} lu{'s' if count > 1 else ''}", *evidence)


def misspelled(name: str) -> str:
    """The setting that a name not Celery's resembles; empty for Celery's own names and for names of the target's own."""
    if name in KNOWN or name == "*" or not name.islower():
        return ""
    return next(iter(get_close_matches(name, KNOWN, n=1, cutoff=_CLOSE)), "")
