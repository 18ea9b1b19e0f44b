"""The file in which the fixture `celery_canary` leaves what it saw: its form, and what cannot be true in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OBSERVATIONS_FORMAT = "canary-observations/1"
_COUNT = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
_SECONDS = {"type": "number", "minimum": 0, "maximum": 1_000_000}
_MAYBE_SECONDS = {"type": ["number", "null"], "minimum": 0, "maximum": 1_000_000}
_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_KEYS = {"type": "array", "items": _TEXT, "uniqueItems": True}
_LISTS = ("lost", "twice", "waiting", "due", "unsettled")
# What the sentences of each scenario read, beside the counts, where it was played.
_VALUES: Mapping[str, Mapping[str, Any]] = {
    "canary-ordinary": {"children": _COUNT, "concurrency": _COUNT, "pool": _TEXT},
    "canary-child-killed": {},
    "canary-sigterm": {"cut_early": _COUNT},
    "canary-broker-restarted": {
        "loads": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["busy", "slots", "back"],
                "properties": {"busy": _COUNT, "slots": _TEXT, "back": _MAYBE_SECONDS},
            },
        }
    },
    "canary-main-killed": {},
}
# Told or not, as the scenario went.
_TOLD = {"boot_seconds": _SECONDS, "stop_seconds": _SECONDS, "died_with": _TEXT}
_OBSERVATION = {
    "type": "object",
    "required": [
        "scenario",
        "sent",
        "in_flight",
        "executed",
        *_LISTS,
        "back_seconds",
        "worker_died",
        "not_played",
        "values",
        "timeline",
        "started",
    ],
    "additionalProperties": False,
    "properties": {
        "scenario": {"enum": list(_VALUES)},
        **dict.fromkeys(("sent", "in_flight", "executed"), _COUNT),
        **dict.fromkeys(_LISTS, _KEYS),
        **dict.fromkeys(("worker_died", "not_played"), _TEXT),
        "back_seconds": _MAYBE_SECONDS,
        "started": _SECONDS,
        "values": {"type": "object"},
        "timeline": {
            "type": "array",
            "items": {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [_SECONDS, _TEXT]},
        },
    },
    "allOf": [
        {
            "if": {"properties": {"scenario": {"const": name}, "not_played": {"const": ""}}},
            "then": {
                "properties": {
                    "values": {
                        "required": list(values),
                        "properties": {**values, **_TOLD},
                        "additionalProperties": False,
                    }
                }
            },
        }
        for name, values in _VALUES.items()
    ],
}
_SETTINGS = {
    "type": "object",
    "required": ["broker", "acks_late", "reject_on_worker_lost", "visibility_timeout", "longest_task", "soft_shutdown"],
    "properties": {
        "broker": _TEXT,
        **dict.fromkeys(("acks_late", "reject_on_worker_lost"), _FLAG),
        **dict.fromkeys(("visibility_timeout", "longest_task"), _MAYBE_SECONDS),
        "soft_shutdown": _SECONDS,
    },
}
OBSERVATIONS = {
    "type": "object",
    "required": [
        "format",
        "tool",
        "target",
        "generated_at",
        "host",
        "nodes",
        "applications",
        "settings",
        "observations",
    ],
    "properties": {
        "target": {
            "type": "object",
            "required": ["name", "digest"],
            "properties": {"name": _TEXT, "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
        },
        **dict.fromkeys(("generated_at", "host", "nodes"), _TEXT),
        "applications": _KEYS,
        "settings": _SETTINGS,
        "observations": {"type": "array", "items": _OBSERVATION},
    },
}


@dataclass(frozen=True)
class Observations:
    """What the canary saw on a cluster of pytest-celery, consistent with itself."""

    path: str
    document: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """Digest of the tree whose worker it was."""
        return str(self.document["target"]["digest"])


def contradiction(document: Mapping[str, Any]) -> str:
    """What cannot be true in this document, in French; empty when nothing is."""
    names = [seen["scenario"] for seen in document["observations"]]
    if len(set(names)) < len(names):
        return "un scénario y figure deux fois"
    return next((told for seen in document["observations"] if (told := _of_one(seen))), "")


def _of_one(seen: Mapping[str, Any]) -> str:
    name = seen["scenario"]
    apart = [*seen["lost"], *seen["waiting"], *seen["unsettled"]]
    if seen["executed"] + len(apart) != seen["sent"] or len(set(apart)) < len(apart):
        return f"`{name}` : les comptes ne font pas le nombre de messages envoyés"
    repeated = {*seen["twice"], *seen["due"]}
    if len(repeated) > seen["executed"] or repeated & set(apart):
        return f"`{name}` : des messages exécutés deux fois n'ont pas été exécutés"
    if seen["not_played"]:
        return ""
    struck = name != "canary-ordinary"
    # A broker that came back without its data leaves no account, and only where the worker died with it.
    counted = seen["sent"] or (name == "canary-broker-restarted" and seen["back_seconds"] is None)
    if not counted or (struck and not seen["in_flight"]):
        return f"`{name}` aurait été joué sans message en vol"
    return _of_broker(seen) if name == "canary-broker-restarted" else ""


def _of_broker(seen: Mapping[str, Any]) -> str:
    values = seen["values"]
    backs = [load["back"] for load in values["loads"]]
    died = None in backs
    if died != (seen["back_seconds"] is None) or died != ("died_with" in values):
        return "`canary-broker-restarted` : le retour du worker n'est pas celui de ses charges"
    return ""
