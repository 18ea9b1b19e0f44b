"""Evidence measured elsewhere: the journal of a soak, or an export of production heartbeats. Read as what anybody may have written."""

import hashlib
import json
import logging
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from audit.experiments.laboratory.recount import disagreement, recounted
from audit.experiments.laboratory.soak_history import unpacked
from audit.experiments.observation_file import OBSERVATIONS, OBSERVATIONS_FORMAT, Observations, contradiction
from audit.model.json_schema import schema_faults

_logger = logging.getLogger(__name__)
LARGEST_BYTES = 64 << 20
_AHEAD = timedelta(minutes=5)
# Journals give tenths of a second.
_ROUNDING_SECONDS = 0.1
# The clock of the machine is set while a soak lasts.
_CLOCK_SECONDS = 1.0
_MOST_SECONDS = 10_000_000

# Bounds far above any soak: JSON holds numbers that no figure can be computed from, 1e999 among them.
_COUNT = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
_SECONDS = {"type": "number", "minimum": 0, "maximum": _MOST_SECONDS}
_SOME_SECONDS = {"type": "number", "exclusiveMinimum": 0, "maximum": _MOST_SECONDS}
_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_KEYS = {"type": "array", "items": _TEXT, "uniqueItems": True}
_ACCOUNT = {
    "type": "object",
    "required": ["expected", "accepted", "lost", "duplicated", "unexpected", "uncertain"],
    "properties": {
        "expected": _COUNT,
        "accepted": _COUNT,
        **dict.fromkeys(("lost", "duplicated", "unexpected", "uncertain"), _KEYS),
    },
}
_STRIKE = {
    "type": "object",
    "required": [
        *("fault", "title", "drawn", "at", "in_flight", "keys", "struck", "why", "recovery"),
        *("lost", "duplicated", "uncertain", "wrong"),
    ],
    "properties": {
        **dict.fromkeys(("fault", "title", "why"), _TEXT),
        **dict.fromkeys(("drawn", "struck"), _FLAG),
        **dict.fromkeys(("in_flight", "keys"), _COUNT),
        **dict.fromkeys(("lost", "duplicated", "uncertain", "wrong"), _KEYS),
        "at": _SECONDS,
        "recovery": {"type": ["number", "null"], "minimum": 0, "maximum": _MOST_SECONDS},
    },
}
_AVAILABILITY = {
    "type": ["object", "null"],
    "required": ["probes", "in_time", "deadline_seconds", "crashes", "period_seconds", "elapsed_seconds", "workers"],
    "properties": {
        **dict.fromkeys(("probes", "in_time", "crashes", "workers"), _COUNT),
        **dict.fromkeys(("deadline_seconds", "period_seconds"), _SOME_SECONDS),
        "elapsed_seconds": _SECONDS,
    },
}
_SOAK = {
    "type": "object",
    "required": [
        *("format", "session", "tool", "target", "generated_at", "host", "command", "seed", "duration_seconds"),
        *("conditions", "schedule", "strikes", "sends", "webhooks", "settled", "availability"),
    ],
    "properties": {
        "target": {
            "type": "object",
            "required": ["name", "digest"],
            "properties": {"name": _TEXT, "digest": _DIGEST},
        },
        **dict.fromkeys(("session", "generated_at", "host", "command", "schedule"), _TEXT),
        "seed": {"type": "integer"},
        "duration_seconds": _SECONDS,
        "conditions": {"type": "array", "items": _TEXT},
        "strikes": {"type": "array", "items": _STRIKE},
        "sends": _ACCOUNT,
        "webhooks": _ACCOUNT,
        "settled": _FLAG,
        "availability": _AVAILABILITY,
        # Journals of former soaks have neither: `soak_reading` says what they then lack.
        "ledger": {
            "type": "object",
            "required": ["file", "sha256"],
            "properties": {"file": {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"}, "sha256": _DIGEST},
        },
        "judge": {
            "type": "object",
            "required": ["harness", "witnesses"],
            "properties": {"harness": _DIGEST, "witnesses": {"type": "object", "additionalProperties": _DIGEST}},
        },
    },
}
_HEARTBEATS = {
    "type": "object",
    "required": ["format", "application", "exported_at", "from", "to", "beat_seconds", "alive"],
    "properties": {
        **dict.fromkeys(("exported_at", "from", "to"), _TEXT),
        "application": {"type": "string", "minLength": 1},
        "beat_seconds": {"type": "number", "exclusiveMinimum": 0, "maximum": 60},
        "alive": {"type": "array", "items": {"type": "array", "items": _TEXT, "minItems": 3, "maxItems": 3}},
    },
}


class EvidenceFileError(Exception):
    """A file that establishes nothing; the message is a French sentence for the report."""


@dataclass(frozen=True)
class Soak:
    """The journal of a laboratory session, consistent with itself and, where it has one, with its kept ledger.

    `probe_delays`: how long each accepted probe took, by that ledger, from the shortest (seconds).
    """

    path: str
    document: Mapping[str, Any]
    probe_delays: tuple[float, ...] = ()

    @property
    def digest(self) -> str:
        """Digest of the tree it was played on."""
        return str(self.document["target"]["digest"])


@dataclass(frozen=True)
class Heartbeats:
    """Signs of life of the workers of `application` in production. `alive` holds (worker, first, last) in UTC; signs are `beat_seconds` apart."""

    path: str
    application: str
    start: datetime
    end: datetime
    beat_seconds: float
    alive: tuple[tuple[str, datetime, datetime], ...]


@dataclass(frozen=True)
class Dossier:
    """The files given to an audit, and what it audits, read when it is needed.

    `digest` is that of its tree, `application` its Celery application (empty when there is none), `hidden` what its digest
    leaves out of the code of that application (French phrases).
    """

    files: tuple[Path, ...] = ()
    digest: Callable[[], str] = field(default=lambda: "")
    application: Callable[[], str] = field(default=lambda: "")
    hidden: Callable[[], Sequence[str]] = field(default=lambda: ())


def read(path: Path) -> Soak | Heartbeats | Observations:
    """The evidence in this file, told by its own `format`. Raises EvidenceFileError for anything else."""
    document = _document(path)
    shown = path.name
    kind = document.get("format") if isinstance(document, dict) else None
    _logger.debug("evidence %s: format %s", path, kind)
    if kind == "soak/1":
        return _soak(path, document)
    if kind == "worker-heartbeats/1":
        return _heartbeats(shown, document)
    if kind == OBSERVATIONS_FORMAT:
        return _observations(shown, document)
    raise _unusable(shown, f"son format n'est ni `soak/1`, ni `worker-heartbeats/1`, ni `{OBSERVATIONS_FORMAT}`")


def readable(paths: Iterable[Path]) -> Iterator[Soak | Heartbeats | Observations]:
    """The evidence that can be used; what is wrong with the other files is told where they are judged."""
    for path in paths:
        with suppress(EvidenceFileError):
            yield read(path)


def _unusable(shown: str, why: str) -> EvidenceFileError:
    return EvidenceFileError(f"le fichier de preuve `{shown}` est inutilisable : {why}")


def _document(path: Path) -> Any:
    shown = path.name
    try:
        content = _bytes(path)
    except ValueError as error:
        raise _unusable(shown, str(error)) from error
    except FileNotFoundError as error:
        msg = f"le fichier de preuve `{shown}` n'existe pas"
        raise EvidenceFileError(msg) from error
    except OSError as error:
        raise _unusable(shown, f"il ne se lit pas ({error.strerror or error})") from error
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _unusable(shown, "ce n'est pas du JSON") from error


def _no_number(text: str) -> float:
    msg = f"{text} is no JSON"
    raise ValueError(msg)


def _checked(shown: str, document: Any, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        faults = schema_faults(schema, document)
    except ValueError as error:
        raise _unusable(shown, "il contient un texte hors d'Unicode, ou trop de niveaux") from error
    if faults:
        raise _unusable(shown, f"`{faults[0][0]}` n'a pas la forme attendue")
    checked: Mapping[str, Any] = document
    return checked


def _moment(shown: str, text: str, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise _unusable(shown, f"`{name}` n'est pas une date") from error
    if moment.tzinfo is None:
        raise _unusable(shown, f"`{name}` n'a pas de fuseau horaire")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise _unusable(shown, f"`{name}` n'est pas une date") from error


def _past(shown: str, text: str, name: str) -> datetime:
    moment = _moment(shown, text, name)
    if moment > datetime.now(UTC) + _AHEAD:
        raise _unusable(shown, f"`{name}` est dans l'avenir")
    return moment


def _soak(path: Path, document: Any) -> Soak:
    shown = path.name
    checked = _checked(shown, document, _SOAK)
    _past(shown, checked["generated_at"], "generated_at")
    for reason in _contradictions(checked):
        raise _unusable(shown, f"il se contredit ({reason})")
    return Soak(shown, checked, _probe_delays(path, checked) if "ledger" in checked else ())


def _probe_delays(path: Path, document: Mapping[str, Any]) -> tuple[float, ...]:
    """How long each probe took, by the kept ledger. Raises EvidenceFileError when it does not confirm this journal."""
    file = path.with_name(document["ledger"]["file"])
    try:
        return _confirmed_delays(file, document)
    except FileNotFoundError:
        reason = "il n'existe pas"
    except OSError as error:
        reason = f"il ne se lit pas ({error.strerror or error})"
    except ValueError as error:
        reason = str(error)
    raise _unusable(path.name, f"son registre `{file.name}` ne le confirme pas ({reason})")


def _confirmed_delays(file: Path, document: Mapping[str, Any]) -> tuple[float, ...]:
    """The same, counted again from the ledger. Raises ValueError with what it says otherwise than the journal (French)."""
    content = _bytes(file)
    if hashlib.sha256(content).hexdigest() != document["ledger"]["sha256"]:
        raise ValueError("son empreinte SHA-256 n'est pas celle du journal")
    result = recounted(unpacked(content, document))
    if reason := disagreement(result, document):
        raise ValueError(reason)
    return result.delays


def _bytes(path: Path) -> bytes:
    """The content of a regular file that is not too large. Raises OSError, and ValueError with a French phrase."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("ce n'est pas un fichier ordinaire")
    if found.st_size > LARGEST_BYTES:
        raise ValueError(f"il dépasse {LARGEST_BYTES >> 20} Mo")
    return path.read_bytes()


def _observations(shown: str, document: Any) -> Observations:
    checked = _checked(shown, document, OBSERVATIONS)
    _past(shown, checked["generated_at"], "generated_at")
    if reason := contradiction(checked):
        raise _unusable(shown, f"il se contredit ({reason})")
    return Observations(shown, checked)


def _contradictions(document: Mapping[str, Any]) -> Sequence[str]:
    sends, availability = document["sends"], document["availability"]
    whole = {kind: set(sends[kind]) for kind in ("lost", "duplicated", "uncertain")}
    found = []
    for strike in document["strikes"]:
        if strike["struck"] and (strike["why"] or not strike["in_flight"]):
            found.append(f"{strike['fault']} aurait frappé sans rien en vol")
        if any(not set(strike[kind]) <= keys for kind, keys in whole.items()):
            found.append(f"{strike['fault']} : le compte global ignore ce qu'elle a perdu ou doublé")
        if strike["wrong"] and not set(strike["wrong"]) <= set(document["webhooks"]["unexpected"]):
            found.append(f"{strike['fault']} : le compte global ignore ce qu'elle a eu de faux")
        if strike["at"] > document["duration_seconds"]:
            found.append(f"{strike['fault']} a lieu après la fin")
    # A probe is a send, and none of those that a fault put at stake.
    if sum(s["keys"] for s in document["strikes"]) + (availability or {}).get("probes", 0) > sends["expected"]:
        found.append("plus d'envois en jeu que d'envois attendus")
    found += [*_unsaid("envois", sends), *_unsaid("webhooks", document["webhooks"])]
    if availability:
        found += _impossible(availability, document["duration_seconds"])
    return [*found, *_overlapping(document)]


def _unsaid(name: str, account: Mapping[str, Any]) -> Sequence[str]:
    """What the numbers of an account say of what its lists are silent about."""
    accepted = account["expected"] - len(account["lost"]) - len(account["uncertain"])
    if account["accepted"] < accepted:
        return [f"des {name} manquent sans être dits perdus"]
    if account["accepted"] > accepted and not account["duplicated"]:
        return [f"des {name} acceptés en plus de ceux attendus, sans qu'aucun soit dit doublé"]
    return []


def _overlapping(document: Mapping[str, Any]) -> Sequence[str]:
    """One fault is played after the other, once sending has resumed, and the probes come after the last one."""
    over = 0.0
    for strike in document["strikes"]:
        if not strike["struck"]:
            continue
        if strike["at"] + _CLOCK_SECONDS < over:
            return [f"{strike['fault']} frappe avant que la faute précédente ait fini"]
        over = max(over, strike["at"] + (strike["recovery"] or 0.0))
    probing = (document["availability"] or {}).get("elapsed_seconds", 0.0)
    if over + probing > document["duration_seconds"] + _CLOCK_SECONDS:
        return ["des fautes et des sondes plus longues que la séance"]
    return []


def _impossible(measured: Mapping[str, Any], duration: float) -> Sequence[str]:
    found = []
    if measured["in_time"] > measured["probes"]:
        found.append("plus de sondes à temps que de sondes")
    # The first death comes after half a period.
    if measured["elapsed_seconds"] + _ROUNDING_SECONDS < (measured["crashes"] - 0.5) * measured["period_seconds"]:
        found.append("plus de morts que sa durée n'en laisse à leur cadence")
    if measured["elapsed_seconds"] > duration + _ROUNDING_SECONDS:
        found.append("des sondes plus longues que la séance")
    return found


def _heartbeats(shown: str, document: Any) -> Heartbeats:
    checked = _checked(shown, document, _HEARTBEATS)
    exported = _past(shown, checked["exported_at"], "exported_at")
    start, end = _moment(shown, checked["from"], "from"), _past(shown, checked["to"], "to")
    if not start < end <= exported + _AHEAD:
        raise _unusable(shown, "`from`, `to` et `exported_at` ne se suivent pas")
    alive = []
    for worker, first, last in checked["alive"]:
        begins, ends = _moment(shown, first, "alive"), _moment(shown, last, "alive")
        if not worker or begins > ends or ends < start or begins > end:
            raise _unusable(shown, "une période de vie est vide, à l'envers ou hors de la fenêtre")
        alive.append((worker, max(begins, start), min(ends, end)))
    return Heartbeats(shown, checked["application"], start, end, float(checked["beat_seconds"]), tuple(alive))
