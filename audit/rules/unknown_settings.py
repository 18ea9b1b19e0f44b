"""Settings written under a name that Celery does not read: the intention is there, the effect is not."""

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from audit.french.typography import counted
from audit.model.domains import conclude
from audit.model.facts import Setting
from audit.model.findings import Excerpt, Finding, Severity
from audit.model.gaps import Doubt, Gap, UnreadSettings
from audit.model.observations.messages import OwnSetting, UnprefixedSetting, UselessOption
from audit.model.target_facts import TargetFacts
from audit.model.word_tables import word_list, word_set
from audit.rules.celery_releases import UNDECLARED, CeleryRelease, declared_settings, first_release
from audit.rules.domains.setting_domain import place_of, ruled_by
from audit.rules.effective_settings import broker, read, release_of
from audit.rules.practice import Fault, answered, practice
from audit.rules.rule import Guide

_Member = str | UnprefixedSetting | UselessOption
_NONE = "aucune application Celery n'a été trouvée avec ses réglages"
_OPAQUE = "des réglages existent dont les noms ne se lisent pas dans le code"
_NEW = "`{}`, que Celery ne lit que depuis {}, et la version employée n'est pas dite"
_CONF = "https://docs.celeryq.dev/en/stable/userguide/configuration.html"
_CLOSE, _FEW = 0.8, 4
_GROUPS = ("broker_", "task_", "worker_", "beat_", "result_", "event_", "control_")
# What the commands of Celery read where their line does not say it.
_OF_DAEMONS = re.compile(r"^(?:beat|worker|events?)_(?:pidfile|logfile|loglevel|uid|gid|umask|executable|workdir)$")
# Attributes of a task that no setting of their name gives to all of them.
_OF_TASKS = word_set("""
    max_retries default_retry_delay autoretry_for dont_autoretry_for retry_backoff retry_kwargs retry_backoff_max
    retry_jitter throws bind name base expires countdown queue rate_limit priority ignore_errors pydantic typing trail
    retries
""")
# Keys that Kombu 5.6.2 reads, by its transports of Redis, RabbitMQ and SQS.
_TRANSPORT = word_list("""
    visibility_timeout fanout_prefix fanout_patterns global_keyprefix queue_order_strategy sep priority_steps
    socket_timeout socket_connect_timeout socket_keepalive socket_keepalive_options retry_on_timeout max_connections
    health_check_interval master_name sentinel_kwargs max_retries interval_start interval_step interval_max
    confirm_publish client_properties read_timeout write_timeout connect_timeout login_method polling_interval region
    queue_name_prefix wait_time_seconds is_secure predefined_queues unacked_key unacked_index_key unacked_mutex_key
    unacked_mutex_expire unacked_restore_limit ack_emulation connection_class credential_provider client_name username
    password socket_read_size max_connections_per_pool retry_policy result_chord_ordered
""")


@practice(
    "known-settings",
    "Réglages que Celery lit",
    reference=_CONF,
    guide=Guide(
        severity=Severity.MINOR,
        passes="Aucun réglage n'est écrit sous un nom proche de ceux de Celery, que Celery ne lit pas",
        fails="Un réglage est écrit sous un nom que Celery ne lit pas : il n'a aucun effet",
        advice="Corriger le nom du réglage",
        solution="task_acks_late = True  # et non task_ack_late",
        undetermined="aucune application Celery n'a été trouvée avec ses réglages",
        impact="Moyen : la protection voulue n'existe pas",
    ),
    example="""
        from celery import Celery

        app = Celery("shop", broker="redis://localhost/0")
        «app.conf.task_ack_late¦app.conf.task_acks_late» = True
    """,
)
def _misnamed(known: TargetFacts) -> Sequence[Finding]:
    names = {name: (facts, setting) for facts in reversed(known.probes) for name, setting in facts.settings.items()}
    line = release_of(known)
    unprefixed = known.source.observations_of(UnprefixedSetting)
    options = [o for o in known.source.observations_of(UselessOption) if not _is_read(o, known)]
    members: list[_Member] = [*(name for name in names if name != "*"), *unprefixed, *options]
    opening = read(known, "task_always_eager")
    none = () if members else (Doubt(why=opening.missing or _NONE),)
    own = {o.name for o in known.source.observations_of(OwnSetting)}

    def of_nobody(name: str) -> bool:
        return name in known.source.settings and is_of_nobody(name) and name not in own

    def possible(member: _Member) -> list[Fault]:
        if isinstance(member, str) and of_nobody(member):
            place = known.source.settings[member].excerpt
            return [Fault(f"`{_as_written(member, place)}`, que ni Celery ni ce code ne lisent", place)]
        return [_useless(member)] if isinstance(member, UselessOption) else []

    def faults(member: _Member) -> list[Fault]:
        if isinstance(member, UselessOption):
            return [] if _may_be_read(member, known) else [_useless(member)]
        if isinstance(member, UnprefixedSetting):
            return [Fault(_unread(member), member.excerpt)] if member.meant in declared_settings() else []
        meant, place = (
            misspelled(member, known.source.settings),
            known.source.settings.get(member, names[member][1]).excerpt,
        )
        if not meant and of_nobody(member) and member.removeprefix("task_") in _OF_TASKS:
            meant = f", que Celery ne lit pas : `{member.removeprefix('task_')}` est une option de la tâche"
        if meant:
            return [Fault(f"`{_as_written(member, place)}`{meant}", place)]
        value = known.source.settings[member].value if member in known.source.settings else None
        texts = [*_not_read(member, line), *_misspelled_keys(member, value)] if member in known.source.settings else []
        return [Fault(text, place) for text in texts]

    hidden = known.probes[0].settings.get("*") if known.probes else None
    opaque: list[Gap] = [UnreadSettings(*place_of(hidden.excerpt), _OPAQUE)] if hidden and members else []
    new = [n for n in known.source.settings if n in declared_settings() - UNDECLARED and first_release(n) == line.name]
    opaque += [
        UnreadSettings(*place_of(known.source.settings[n].excerpt), _NEW.format(n, line.name))
        for n in new
        if not line.told
    ]
    domain = ruled_by(known, (), members, _names_read(known, members, line), *none, *opaque)
    evidence = [f.evidence() for f in known.probes]
    answer = conclude(domain, faults, possible_of=possible)
    return answered(_misnamed.guide, "Réglage sans effet", answer, *evidence, nothing=_NONE)


def _names_read(known: TargetFacts, members: Sequence[_Member], line: CeleryRelease) -> str:
    """How many settings were read, where, and against the names of which release."""
    # `TIME_ZONE` is Django's own, which Celery reads too.
    written = [s for name, s in known.source.settings.items() if name != "*" and not _is_of_django(s)]
    files = dict.fromkeys(f"`{s.excerpt.path}`" for s in written if s.excerpt)
    where = f", {', '.join(files) if len(files) < _FEW else counted(len(files), 'fichier')}" if files else ""
    which = f"Celery {line.name}" if line.told else f"Celery {line.name}, faute de version exacte dans le projet"
    if line.told and line.asked != line.name:
        which = f"{which}, faute de ceux de {line.asked}"
    return f"{counted(len(written) or len(members), 'réglage')}{where}, noms de {which}"


def _is_of_django(setting: Setting) -> bool:
    return setting.name == "timezone" and setting.excerpt is not None and "TIME_ZONE" in setting.excerpt.text


def _unread(setting: UnprefixedSetting) -> str:
    if setting.written.islower():
        written = f"{setting.prefix or 'CELERY_'}{setting.meant.upper()}"
        return f"`{setting.written}` au lieu de `{written}` : Django ne garde d'un module que les noms en capitales"
    if not setting.prefix:
        return f"`{setting.written}`, que Celery ne lit pas en capitales, au lieu de `{setting.meant}`"
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


def _misspelled_keys(name: str, value: object) -> list[str]:
    """The keys of the options of a transport that resemble one that Kombu reads."""
    if not name.endswith("_transport_options") or not isinstance(value, dict):
        return []
    meant = {key: get_close_matches(str(key), _TRANSPORT, n=1, cutoff=_CLOSE) for key in value if key not in _TRANSPORT}
    return [f"la clé `{key}` de `{name}` au lieu de `{close[0]}`" for key, close in meant.items() if close]


def _is_read(option: UselessOption, known: TargetFacts) -> bool:
    """Whether the broker reads an option that Celery does not: RabbitMQ lets a message wait for its `expiration` only."""
    return option.written == "expiration" and broker(known)[0] == "amqp"


def _may_be_read(option: UselessOption, known: TargetFacts) -> bool:
    return option.written == "expiration" and not broker(known)[0]


def _useless(option: UselessOption) -> Fault:
    if option.meant == "task":
        text = f"`{option.written}` donné à `{option.method}`, qui est une option de la tâche et non d'un envoi"
    else:
        text = f"l'option `{option.written}` de `{option.method}` au lieu de `{option.meant}`"
    return Fault(text, option.excerpt)


def _as_written(name: str, place: Excerpt | None) -> str:
    """The name as the target has it: with its prefix, in capitals."""
    found = re.search(rf"(?i)\b\w*{re.escape(name)}\b", place.text) if place else None
    return found.group() if found else name


def misspelled(name: str, written: Collection[str] = ()) -> str:
    """That a name is not Celery's but resembles one, in French; empty for Celery's own names and for names of the target's own.

    One that the target sets beside it is not the one it meant; of several that resemble it as well, two are told.
    """
    if name in declared_settings() or name == "*" or not name.islower():
        return ""
    found = get_close_matches(name, sorted(declared_settings()), n=3, cutoff=_CLOSE)
    # Of those that are close, a word too many, or too few, is likelier than letters that were changed.
    words = [other for other in sorted(declared_settings()) if _is_a_word_apart(name, other)]
    if not found:
        return ""
    likely = [other for other in words if other not in written][:2] or [o for o in found if o not in written][:1]
    return f" au lieu de {' ou '.join(f'`{one}`' for one in likely)}" if likely else ", que Celery ne lit pas"


def is_of_nobody(name: str) -> bool:
    """Whether a name begins as Celery's own do, and is none that a release of Celery or a usual part of it reads."""
    begins = name.startswith(_GROUPS) and name.islower()
    return begins and name not in declared_settings() and not _OF_DAEMONS.search(name)


def _is_a_word_apart(name: str, other: str) -> bool:
    """Whether one name is the other with one word more, in whatever order."""
    less, more = sorted((set(name.split("_")), set(other.split("_"))), key=len)
    return len(less) > 1 and len(more) == len(less) + 1 and less < more
