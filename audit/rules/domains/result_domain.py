"""The store of results, and whether anybody removes those that expired."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from audit.model.domains import Domain
from audit.model.gaps import Doubt, Gap, UnreadSettings
from audit.model.observations.deployment_statements import ResultCleaning
from audit.model.target_facts import TargetFacts
from audit.rules.domains.process_domain import sleeping_beats, workers_of_any
from audit.rules.domains.setting_domain import place_of
from audit.rules.domains.setting_scopes import ignoring
from audit.rules.effective_settings import Reading, production_tasks, read, short

# Those that do not expire their own keys.
_KEEPING = re.compile(
    r"(?i)(db\+[\w+]*|sqla\+[\w+]*|sqlalchemy|database|django-db|django_celery_results[\w.:]*|file|filesystem|mongodb|arangodb)(:|$)"
)
# Those that expire them, or keep none.
_EXPIRED = re.compile(
    r"(?i)(redis|rediss|sentinel|valkeys?|rpc|amqp|cache|memcached?|pylibmc|disabled|couchbase|consul)(\+|:|$)"
)
# Those that neither expire their keys nor have a cleanup of their own in Celery 5.6; some by a setting that makes them.
_NEVER_CLEANED = re.compile(r"(?i)(s3|gs|azureblockblob|couchdb|cosmosdbsql|elasticsearch|cassandra|dynamodb)(?=:|$)")
_EXPIRING = {"gs": "gcs_ttl", "cassandra": "cassandra_entry_ttl", "dynamodb": "ttl_seconds"}
_CLEANUP, _DEFAULTS = "celery.backend_cleanup", "install_default_entries"
_REMOVES = frozenset({"cleanup", "backend_cleanup"})


@dataclass(frozen=True)
class Kept:
    """Results that their store keeps for ever, `by_nobody` removed; `never`: Celery has nothing to remove them with."""

    store: str
    by_nobody: bool
    never: bool = False


def kept_results_of(known: TargetFacts, backend: Reading) -> Domain[Kept]:
    """One member for a store that does not expire its keys; « nobody » is sure only where every process file was read."""
    begins = backend.starts if _KEEPING.match(backend.starts) or _EXPIRED.match(backend.starts) else ""
    told = backend.value if isinstance(backend.value, str) else begins
    found, ignored = _KEEPING.match(told), read(known, "task_ignore_result", False)
    dropping, unread_tasks = ignoring(known)
    keeping = [task for task, _ in production_tasks(known) if task.symbol not in dropping | unread_tasks]
    ignores = ignored.value is True and not ignored.missing and not keeping and not unread_tasks
    store = _NEVER_CLEANED.match(told)
    if store and not ignores and not _expires(known, store[1].lower(), told):
        return Domain((Kept(store[1], by_nobody=False, never=True),), (), f"`{store[1]}`")
    if not found or ignores:
        why = backend.missing or ("l'adresse des résultats vient de l'environnement" if backend.variable else "")
        gaps = (UnreadSettings(why=why),) if why and not told and not ignores else ()
        if told and not ignores and not store and not _EXPIRED.match(told):
            gaps = (UnreadSettings(why=f"rien ne dit si `{told.partition(':')[0]}` supprime les résultats expirés"),)
        nothing = "`result_backend`" if backend.missing else "aucun résultat gardé"
        return Domain((), gaps, f"`{told.partition(':')[0]}`" if told else nothing)
    unread = workers_of_any(known).gaps
    doubts: list[Gap] = []
    expires = read(known, "result_expires", 86400.0)
    # Beat plans the cleanup only of results that expire.
    planned = any(e.task == _CLEANUP for facts in known.probes for e in facts.beat)
    endless = not expires.missing and not expires.value and not planned
    alone = endless or not known.processes("beat")
    if alone:
        doubts += [Doubt(why=f"{where} peut supprimer des résultats") for where in _removing(known)]
    if endless and expires.variable:
        doubts.append(
            Doubt(why=f"`{expires.variable}` peut donner à `result_expires` une durée, et ne le fait pas toujours")
        )
    nobody = alone and not unread and not doubts
    kept_gaps: list[Gap] = [*unread, *doubts] if alone else [*sleeping_beats(known), *_without_defaults(known)]
    if not alone and not planned and expires.missing:
        # Beat adds the task only where results are said to expire.
        kept_gaps.append(UnreadSettings(why=expires.missing))
    return Domain((Kept(found[1], nobody),), tuple(kept_gaps), f"`{found[1]}`")


def _without_defaults(known: TargetFacts) -> Iterator[Gap]:
    """Schedulers of the project that put something else in the place of Celery's own entries, the cleanup among them."""
    told = [read(known, "beat_scheduler").value, *(beat.options.get("scheduler") for beat in known.processes("beat"))]
    for name in {one.replace(":", ".") for one in told if isinstance(one, str)}:
        symbol = f"{':'.join(name.rsplit('.', 1))}.{_DEFAULTS}"
        own = known.source.functions.get(symbol)
        if own and not any(call.name.endswith(_DEFAULTS) for call in own.calls):
            yield Doubt(*place_of(known.head(symbol)), f"`{short(symbol)}` n'ajoute peut-être pas `{_CLEANUP}`")


def are_removed(known: TargetFacts) -> bool:
    """Whether a setting that says when results expire is enough: their store removes them, or somebody surely does."""
    domain = kept_results_of(known, read(known, "result_backend"))
    return not domain.gaps and not any(kept.by_nobody or kept.never for kept in domain.members)


def _expires(known: TargetFacts, store: str, address: str) -> bool:
    """Whether a setting, or a parameter of its address, makes such a store expire what it is given."""
    name = _EXPIRING.get(store, "")
    if not name:
        return False
    told = read(known, name)
    return name in address or bool(told.missing) or bool(told.value)


def _removing(known: TargetFacts) -> list[str]:
    """What may remove results: a deployment file that names the task, or a function that calls it."""
    said = known.source.observations_of(ResultCleaning)
    if said:
        return [f"`{one.excerpt.path}`" for one in said[:1] if one.excerpt]
    functions = (known.source.functions[symbol] for symbol in known.source.functions)
    calling = (f.symbol for f in functions if any(c.name.rpartition(".")[2] in _REMOVES for c in f.calls))
    return [f"`{symbol}`" for symbol in calling][:1]
