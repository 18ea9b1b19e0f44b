"""Security of the transport: what is accepted, and whether certificates are verified."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from audit.model.domains import conclude
from audit.model.facts import Call, Function
from audit.model.findings import Excerpt, Finding, Severity
from audit.model.gaps import Doubt, Gap, UnreadSettings
from audit.model.observations.messages import RegisteredSerializer, UnpickledArgument
from audit.model.plain_value import PlainValue
from audit.model.target_facts import TargetFacts
from audit.model.unknown import UNKNOWN, Unknown
from audit.rules.domains.setting_domain import hidden_tasks, place_of, ruled_by
from audit.rules.effective_settings import Reading, given, options, production_tasks, read, short
from audit.rules.example import with_app
from audit.rules.practice import Fault, answered, practice
from audit.rules.routing import message_options
from audit.rules.rule import Guide

_SECURITY = "https://docs.celeryq.dev/en/stable/userguide/security.html#serializers"
_TLS = "https://docs.celeryq.dev/en/stable/userguide/configuration.html#broker-use-ssl"
_UNSAFE = frozenset({"pickle", "application/x-python-serialize", "all", "*"})
# Serializers that Kombu brings, by their content types. Its `yaml` has been `yaml.safe_load` since 4.6 at least.
_TYPES = {
    "json": "application/json",
    "msgpack": "application/x-msgpack",
    "yaml": "application/x-yaml",
    "auth": "application/data",
}
_PLAIN = frozenset({"raw", "binary", "text/plain", "application/octet-stream", "application/x-json"})
_UNVERIFIED = re.compile(r"(?i)ssl_cert_reqs=(?:cert_)?none|verify=(?:false|0)\b")

# What only changes how bytes are written.
_CHANGED = re.compile(r"(?:\w+\.)*(?:b64decode|urlsafe_b64decode|fromhex|unhexlify|decompress|bytes|str|BytesIO)\(")
_NAME = re.compile(r"[A-Za-z_]\w*")
_SERIALIZERS: dict[str, PlainValue] = {
    "accept_content": ["json"],
    "result_accept_content": None,
    "task_serializer": "json",
    "result_serializer": "json",
}


@practice(
    "no-pickle",
    "Pas de pickle",
    reference=_SECURITY,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Ni les réglages ni les tâches ne décodent un message par `pickle`, ou par ce qui exécute du code comme lui",
        fails="Qui écrit dans le broker peut faire exécuter son code par les workers",
        advice="N'accepter que JSON",
        solution='task_serializer = "json"\nresult_serializer = "json"\naccept_content = ["json"]',
        undetermined="`accept_content` ou un `serializer` ne se lit pas dans le code",
        impact="Élevé : exécution de code à distance",
    ),
    example=with_app("""
        app.conf.update(task_serializer="«pickle¦json»", accept_content=["«pickle¦json»"])
    """),
)
def _pickle(known: TargetFacts) -> Sequence[Finding]:
    guide = _pickle.guide
    readings = [read(known, name, default) for name, default in _SERIALIZERS.items()]
    told = [(r.value, Fault(r.told, r.excerpt)) for r in readings if not r.missing]
    told += [member for reading in readings for member in _deployed(known, reading)]
    unsure = [(r.value, Fault(r.told, r.excerpt)) for r in (reading.perhaps for reading in readings) if r]
    for task, _ in production_tasks(known):
        value = task.options.get("serializer")
        told.append((value, Fault(f"`{short(task.symbol)}` a `serializer={value!r}`", known.head(task.symbol))))
    given = list(message_options(known, "serializer"))
    told += given
    unread = [task for task, _ in production_tasks(known) if task.options.get("serializer") is UNKNOWN]
    registered = known.source.observations_of(RegisteredSerializer)
    gaps: list[Gap] = [Doubt(why=f"le `serializer` de `{short(task.symbol)}` ne se lit pas") for task in unread[:1]]
    gaps += [
        Doubt(*place_of(fault.excerpt), "le `serializer` d'une publication ne se lit pas")
        for value, fault in given
        if value is UNKNOWN
    ]
    gaps += _unread(registered, frozenset(name for value, _ in told for name in _names(value)))
    evidence = [e for r in readings for e in r.evidence] or [known.source.evidence()]
    # What one variable may change is told once.
    by_variable = {reading.variable: reading for reading in readings[::-1] if reading.variable and not reading.missing}
    hedged = [*([] if readings[0].missing else readings[:1]), *by_variable.values()]
    read_so = " ; ".join(dict.fromkeys(reading.told for reading in hedged))
    sure, perhaps = _decoded(known)
    told += [("pickle", fault) for fault in sure]
    unsure += [("pickle", fault) for fault in perhaps]
    # The words that the process files give are judged themselves.
    settled = [replace(r, variable="") if _deployed(known, r) else r for r in readings]
    domain = ruled_by(known, settled, [*told, *unsure], read_so, *gaps, *hidden_tasks(known))
    answer = conclude(
        domain,
        lambda member: [] if member in unsure else _unsafe_among(*member, registered),
        possible_of=lambda member: _unsafe_among(*member, registered),
    )
    evidence = [known.source.evidence(fault.excerpt) for fault in (*sure, *perhaps)] or evidence
    title = "Sérialisation qui exécute du code"
    return answered(guide, title, answer, *evidence, nothing="aucun réglage de sérialisation n'a été lu")


def _decoded(known: TargetFacts) -> tuple[list[Fault], list[Fault]]:
    """Tasks that decode their own arguments by what runs code, and functions that they give theirs and that decode them."""
    seen = known.source.observations_of(UnpickledArgument)
    functions = known.source.functions if seen else {}
    own = {task.symbol for task, _ in production_tasks(known) if task.symbol in functions}
    around = {wrapper for symbol in own for wrapper in functions[symbol].wrappers}
    # What a decorator puts in a task's place is given its arguments.
    own |= around | {s for s in functions if around and s.partition(".<locals>.")[0] in around}
    given, pending = set(own), list(own)
    while pending:
        function = functions.get(pending.pop())
        calls = function.calls if function else ()
        found = {call.target for call in calls if call.target and function and _hands_on(function, call)}
        pending += found - given
        given |= found
    sure = [_decodes(o) for o in seen if o.symbol in own]
    return sure, [_decodes(o) for o in seen if o.symbol not in own and o.symbol in given]


def _hands_on(function: Function, call: Call) -> bool:
    """Whether a call is given a parameter of the function that it stands in, or a part of one."""
    names = {parameter.name.strip("*") for parameter in function.parameters} - {"self", "cls"}
    return any(_source(text) in names for text in (*call.arguments, *call.keywords.values()))


def _source(text: str) -> str:
    """The name that an argument is, or is a part of: `body` for `body["data"].encode()`; what another call answers is none."""
    told = text.strip("* \n")
    while found := _CHANGED.match(told):
        told = told[found.end() :].lstrip("(")
    name = _NAME.match(told)
    return name.group() if name else ""


def _deployed(known: TargetFacts, reading: Reading) -> list[tuple[PlainValue, Fault]]:
    """What the process files give the variable that may replace a setting, as a list of words."""
    words = given(known, reading.variable) if not reading.missing else ()
    return [
        (
            re.findall(r"[\w./*+-]+", text),
            Fault(f"`{reading.variable}={text}`, d'où vient `{reading.name}`", process.excerpt),
        )
        for text, process in words
    ]


def _decodes(one: UnpickledArgument) -> Fault:
    return Fault(f"`{short(one.symbol)}` décode son argument par `{one.library}`", one.excerpt)


def _names(value: PlainValue) -> list[str]:
    names = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return [name.lower() for name in names if isinstance(name, str)]


def _unsafe_among(value: PlainValue, fault: Fault, registered: Sequence[RegisteredSerializer]) -> list[Fault]:
    """The fault, once for what a name is known to be, else once for each registration that gives it a codec that runs code."""
    names = set(_names(value))
    if names & _UNSAFE:
        return [fault]
    types = names | {_TYPES[name] for name in names & _TYPES.keys()}
    return [
        Fault(f"{fault.text}, et `{o.name}` est enregistré avec `{o.library}`", o.excerpt)
        for o in registered
        if o.library and o.library is not UNKNOWN and (_is_one(o.name, names) or _is_one(o.content_type, types))
    ]


def _is_one(told: str | Unknown, names: set[str]) -> bool:
    return bool(names) if told is UNKNOWN else told.lower() in names


def _unread(registered: Sequence[RegisteredSerializer], accepted: frozenset[str]) -> list[Gap]:
    """Codecs accepted that nothing read makes, or that could not be read."""
    doubts = [
        Doubt(why=f"ce par quoi `{o.name if o.name is not UNKNOWN else '?'}` encode et décode ne se lit pas")
        for o in registered
        if o.library is UNKNOWN and (_is_one(o.name, {*accepted}) or _is_one(o.content_type, {*accepted}))
    ]
    told = {str(part).lower() for o in registered for part in (o.name, o.content_type)}
    missing = sorted(accepted - told - _UNSAFE - _TYPES.keys() - {*_TYPES.values()} - _PLAIN)
    nowhere = "accepté, n'est enregistré par rien de ce qui a été lu"
    return [*doubts, *(Doubt(why=f"le sérialiseur `{name}`, {nowhere}") for name in missing)]


_URLS = ("broker_url", "broker_read_url", "broker_write_url", "result_backend")
_SSL = ("broker_use_ssl", "redis_backend_use_ssl")


@practice(
    "broker-tls",
    "Certificats vérifiés",
    reference=_TLS,
    guide=Guide(
        severity=Severity.CRITICAL,
        passes="Aucune connexion chiffrée au broker ou aux résultats ne renonce à vérifier le certificat",
        fails="La connexion est chiffrée sans que le certificat soit vérifié : qui l'intercepte peut se faire passer pour le serveur",
        advice="Exiger le certificat (`ssl_cert_reqs=required`)",
        solution='broker_use_ssl = {"ssl_cert_reqs": ssl.CERT_REQUIRED}',
        undetermined="les adresses viennent de l'environnement, ou les options TLS ne se lisent pas",
        impact="Élevé : messages lus ou modifiés en route",
    ),
    example="""
        from celery import Celery

        app = Celery("shop", broker="rediss://redis.internal/0?ssl_cert_reqs=«CERT_NONE¦CERT_REQUIRED»")
    """,
)
def _certificates(known: TargetFacts) -> Sequence[Finding]:
    guide = _certificates.guide
    urls, settings = [read(known, name) for name in _URLS], [read(known, name) for name in _SSL]
    links = [link for r in urls for link in _links(known, r)]
    links += [_Link(r, r.value, r.excerpt) for r in settings if r.value and not r.missing]
    # py-amqp is given what the options of its transport hold over the rest.
    given_over, told_by = options(known, "broker_transport_options")
    links += [_Link(told_by, given_over["ssl"], told_by.excerpt)] if given_over.get("ssl") else []
    gaps: list[Gap] = [gap for link in links for gap in link.gaps()]
    outside = [r for r in urls if r.variable and not given(known, r.variable)]
    elsewhere = dict.fromkeys([r.variable for r in outside] + _lent(known, urls))
    if not any(link.encrypted for link in links) and elsewhere:
        names = ", ".join(f"`{name}`" for name in elsewhere)
        why = f"une adresse vient de l'environnement ({names}) : ni ce qu'elle y vaut, ni le contrôle que le code en fait peut-être (`ssl_cert_reqs=none`) n'a été lu"
        gaps.append(Doubt(*place_of(next((r.excerpt for r in outside), None)), why))
    encrypted = [link for link in links if link.encrypted]
    told = ", ".join(f"`{link.reading.name}`" for link in encrypted) or ", ".join(f"`{r.name}`" for r in urls)
    domain = ruled_by(known, (*urls, *settings), encrypted, told, *gaps)
    evidence = [e for r in (*urls, *settings) for e in r.evidence]
    nothing = "ni le broker ni les résultats ne sont joints par une connexion chiffrée"
    return answered(guide, "Certificat non vérifié", conclude(domain, _Link.faults), *evidence, nothing=nothing)


def _lent(known: TargetFacts, urls: Sequence[Reading]) -> list[str]:
    """The variables whose value, where an address was loaded, is what the target file lends to the import of the worker."""
    lent = [pair.partition("=") for pair in known.target.environment]
    return [name for name, _, value in lent if value and any(r.value == value for r in urls)]


@dataclass(frozen=True)
class _Link:
    """A setting that says how the broker or the results are joined, and one value of it."""

    reading: Reading
    value: PlainValue
    excerpt: Excerpt | None

    @property
    def encrypted(self) -> bool:
        if isinstance(self.value, str):
            return bool(re.match(r"(rediss|amqps)://", self.value) or _UNVERIFIED.search(self.value))
        return bool(self.value)

    def faults(self) -> list[Fault]:
        if isinstance(self.value, str):
            text = f"`{self.reading.name}` demande de ne rien vérifier"
            return [Fault(text, self.excerpt)] if _UNVERIFIED.search(self.value) else []
        return [Fault(f"`{self.reading.name}` : {text}", self.excerpt) for text in _unverified(self.value)]

    def gaps(self) -> list[Gap]:
        """What of it was not read and may ask to verify nothing: a choice, or a whole context."""
        value = self.value if isinstance(self.value, dict) else {}
        unread = [key for key, told in value.items() if told is UNKNOWN and key.endswith(("cert_reqs", "context"))]
        return [
            UnreadSettings(*place_of(self.excerpt), f"`{key}` de `{self.reading.name}` ne se lit pas") for key in unread
        ]


def _links(known: TargetFacts, reading: Reading) -> list[_Link]:
    """The address read, and those that process files give in its place."""
    told = [_Link(reading, reading.value, reading.excerpt)] if isinstance(reading.value, str) else []
    # Of a variable that only chooses which file says it, the words are no address.
    others = [
        _Link(reading, word, process.runner or process.excerpt)
        for word, process in given(known, reading.variable)
        if "://" in word or "$" in word
    ]
    return others or told


def _unverified(value: PlainValue) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for key, asked in value.items():
        told = str(asked)
        if key.endswith("cert_reqs") and asked is not UNKNOWN and (asked in (0, None) or told.lower().endswith("none")):
            yield f"`{key}={told.rpartition('.')[2]}`"
