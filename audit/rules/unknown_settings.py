"""Settings written under a name that Celery does not read: the intention is there, the effect is not."""

from collections.abc import Sequence
from difflib import get_close_matches

from audit.model.domains import conclude
from audit.model.findings import Finding, Severity
from audit.model.gaps import Doubt, UnreadSettings
from audit.model.observations.messages import UnprefixedSetting
from audit.model.target_facts import TargetFacts
from audit.rules.celery_releases import UNDECLARED, CeleryRelease, declared_settings, first_release
from audit.rules.domains.setting_domain import place_of, ruled_by
from audit.rules.effective_settings import read, release_of
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
    line = release_of(known)
    unprefixed = known.source.observations_of(UnprefixedSetting)
    members: list[str | UnprefixedSetting] = [*(name for name in names if name != "*"), *unprefixed]
    opening = read(known, "task_always_eager")
    none = () if members else (Doubt(why=opening.missing or _NONE),)
    count = len(known.source.settings.keys() - {"*"}) or len(members)

    def faults(member: str | UnprefixedSetting) -> list[Fault]:
        if isinstance(member, UnprefixedSetting):
            return [Fault(_unread(member), member.excerpt)] if member.meant in declared_settings() else []
        meant, place = misspelled(member), known.source.settings.get(member, names[member][1]).excerpt
        if meant:
            return [Fault(f"`{member}` au lieu de `{meant}`", place)]
        return [Fault(text, place) for text in _not_read(member, line) if member in known.source.settings]

    hidden = known.probes[0].settings.get("*") if known.probes else None
    opaque = [UnreadSettings(*place_of(hidden.excerpt), _OPAQUE)] if hidden and members else []
    which = f"Celery {line.name}" if line.told else f"Celery {line.name}, faute de version écrite dans le projet"
    read_names = f"{count} réglage{'s' if count > 1 else ''} lu{'s' if count > 1 else ''}, noms de {which}"
    domain = ruled_by(known, (), members, read_names, *none, *opaque)
    evidence = [f.evidence() for f in known.probes]
    answer = conclude(domain, faults)
    return answered(_misnamed.guide, "Réglage sans effet", answer, *evidence, nothing=_NONE)


def _unread(setting: UnprefixedSetting) -> str:
    if setting.written.startswith(setting.prefix):
        return f"`{setting.written}` au lieu de `{setting.prefix}{setting.meant.upper()}`"
    return f"`{setting.written}` sans le préfixe `{setting.prefix}`, qui seul le ferait lire"


def _not_read(name: str, line: CeleryRelease) -> list[str]:
    """That the target's release does not read a setting that others read; nothing where the target does not say its release."""
    if not line.told or line.declares(name) or name not in declared_settings() - UNDECLARED:
        return []
    since = first_release(name)
    if line.is_before(since):
        return [f"`{name}`, que Celery {line.name} ne lit pas encore (Celery {since} est le premier)"]
    return [f"`{name}`, que Celery {line.name} ne lit plus"]


def misspelled(name: str) -> str:
    """The setting that a name not Celery's resembles; empty for Celery's own names and for names of the target's own."""
    if name in declared_settings() or name == "*" or not name.islower():
        return ""
    return next(iter(get_close_matches(name, declared_settings(), n=1, cutoff=_CLOSE)), "")
