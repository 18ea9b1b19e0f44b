"""The workers of several applications of one project, each with the broker and the queues that it consumes."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from audit.model.domains import Domain
from audit.model.facts import Application, Process
from audit.model.gaps import Doubt, Gap
from audit.model.plain_value import PlainValue
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN
from audit.rules.consumed_queues import consumed_by
from audit.rules.domains.broker_domain import addresses
from audit.rules.domains.process_domain import workers_of_any

_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "pyamqp": 5672}


@dataclass(frozen=True, eq=False)
class Consumer:
    """A worker of an application: where its messages are, empty where that is not told, and the queues it surely consumes."""

    worker: Process
    application: str
    broker: str
    queues: frozenset[str]


def consumers(known: TargetFacts) -> Domain[Consumer]:
    """Those of at least two applications of Celery; none where there are not two."""
    applications = [a for a in known.source.applications if a.kind == "celery"]
    started = workers_of_any(known)
    found = [(w, one) for w in started.members if (one := _application(w, applications))]
    unnamed = _unnamed(started.members, [worker for worker, _ in found])
    if len({one.symbol for _, one in found}) < 2:
        why = known.why_silent or ("" if applications else "aucune application Celery n'a été trouvée")
        unread = (*started.gaps, *unnamed) if len(applications) > 1 else (Doubt(why=why),) if why else ()
        return Domain((), unread, f"{len(applications)} application{'s' if len(applications) > 1 else ''}")
    members = [_consumer(w, one) for w, one in found]
    gaps: list[Gap] = [*unnamed, *(g for g in started.gaps if g.path)]
    gaps += [
        Doubt(why=f"le broker ou les files de `{m.application}` ne se lisent pas")
        for m in members
        if not m.broker or not m.queues
    ]
    return Domain(tuple(members), tuple(gaps), f"{len({one.symbol for _, one in found})} applications")


def _application(worker: Process, applications: list[Application]) -> Application | None:
    """The one that `-A` names, in the folder of its image first; None where none, or several, may be it."""
    written = worker.options.get("app", "").replace(":", ".")
    if not written:
        return None
    folder = posixpath.dirname(worker.built)
    beside = [a for a in applications if folder and a.excerpt and a.excerpt.path.startswith(f"{folder}/")]
    near = [a for a in beside if _is_named(_from(folder, a), written)]
    # Without the folder it starts from, each module that ends so may be it.
    fitting = near or [a for a in applications if any(_is_named(end, written) for end in _ends(a.symbol))]
    return fitting[0] if len(fitting) == 1 else None


def _ends(symbol: str) -> list[str]:
    """A symbol, then without each package that may be its import root: `b.app:app` is `app:app` from `b`."""
    module, _, name = symbol.partition(":")
    parts = module.split(".")
    return [f"{'.'.join(parts[start:])}:{name}" for start in range(len(parts))]


def _is_named(symbol: str, written: str) -> bool:
    return f"{symbol.replace(':', '.')}.".startswith(f"{written}.")


def _from(folder: str, application: Application) -> str:
    """The symbol of an application, its module being imported from this folder."""
    path = application.excerpt.path.removeprefix(f"{folder}/") if application.excerpt else ""
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return f"{module}:{application.symbol.partition(':')[2]}"


def _unnamed(workers: Sequence[Process], named: Sequence[Process]) -> list[Gap]:
    """The workers whose application was not told: each may be another one."""
    others = [worker for worker in workers if not any(worker is one for one in named)]
    return [
        Doubt(one.excerpt.path, one.excerpt.first_line, f"l'application de `{one.command}` ne se lit pas")
        for one in others
    ]


def _consumer(worker: Process, application: Application) -> Consumer:
    def said(name: str, default: PlainValue) -> PlainValue:
        if name in application.settings:
            return application.settings[name].value
        return UNKNOWN if "*" in application.settings else default

    setting = application.settings.get("broker_url")
    written = setting.value if setting else None
    told = addresses(written, setting.overridable if setting else "", [worker.environment])
    option = worker.options.get("broker", "")
    found = [option] if option else sorted(told)
    options = said("broker_transport_options", {})
    prefix = options.get("global_keyprefix", "") if isinstance(options, Mapping) else UNKNOWN
    broker = _place(found[0]) if len(found) == 1 and prefix is not UNKNOWN else ""
    # Keys of another prefix are other queues of the same database.
    broker += f"#{prefix}" if broker and prefix else ""
    queues = consumed_by(worker, said("task_queues", None), said("task_default_queue", "celery"))
    return Consumer(worker, application.symbol.partition(":")[0], broker, queues or frozenset())


def _place(address: str) -> str:
    """Host, port and database of an address, however it is written; empty where one is not told."""
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    if "$" in address or not parts.hostname:
        return ""
    return f"{parts.hostname}:{port}/{parts.path.strip('/') or '0'}?{parts.query}"
