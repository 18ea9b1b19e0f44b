"""Settings written under a name that Celery does not read: the intention is there, the effect is not."""

from collections.abc import Sequence
from difflib import get_close_matches

from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.gaps import Doubt, UnreadSettings
from audit.model.observations.messages import UnprefixedSetting
from audit.model.target_facts import TargetFacts
from audit.rules.celery_settings import KNOWN
from audit.rules.domains.setting_domain import place_of, ruled_by
from audit.rules.effective_settings import read
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

_NONE = "aucune application Celery n'a été trouvée avec ses réglages"
_OPAQUE = "des réglages existent dont les noms ne se lisent pas dans le code"
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
    names = {name: (facts, setting) for facts in reversed(known.probes) for name, setting in facts.settings.items()}
    unprefixed = known.source.observations_of(UnprefixedSetting)
    members: list[str | UnprefixedSetting] = [*(name for name in names if name != "*"), *unprefixed]
    opening = read(known, "task_always_eager")
    none = () if members else (Doubt(why=opening.missing or _NONE),)
    count = len(known.source.settings.keys() - {"*"}) or len(members)

    def faults(member: str | UnprefixedSetting) -> list[Fault]:
        if isinstance(member, UnprefixedSetting):
            text = f"`{member.written}` sans le préfixe `{member.prefix}`, qui seul le ferait lire"
            return [Fault(text, member.excerpt)] if member.meant in KNOWN else []
        meant = misspelled(member)
        written = known.source.settings.get(member, names[member][1])
        return [Fault(f"`{member}` au lieu de `{meant}`", written.excerpt)] if meant else []

    hidden = known.probes[0].settings.get("*") if known.probes else None
    opaque = [UnreadSettings(*place_of(hidden.excerpt), _OPAQUE)] if hidden and members else []
    read_names = f"{count} réglage{'s' if count > 1 else ''} lu{'s' if count > 1 else ''}"
    domain = ruled_by(known, (), members, read_names, *none, *opaque)
    evidence = [f.evidence() for f in known.probes]
    answer = conclude(domain, faults)
    return answered(_misnamed.guide, "Réglage sans effet", answer, *evidence, nothing=_NONE)


def misspelled(name: str) -> str:
    """The setting that a name not Celery's resembles; empty for Celery's own names and for names of the target's own."""
    if name in KNOWN or name == "*" or not name.islower():
        return ""
    return next(iter(get_close_matches(name, KNOWN, n=1, cutoff=_CLOSE)), "")
