"""Every fault the laboratory knows, as plain values."""

import signal
from dataclasses import dataclass
from typing import Literal

Kind = Literal["crash point", "signal", "disturbance"]
Victim = Literal["child", "main", "all", "web", "beat"]


@dataclass(frozen=True)
class Fault:
    """One fault. `title` is French. `point` is where processes stand when `victim` gets `number`.

    `load` sends are held in flight, or as many as the step says; what a disturbance brings itself needs free workers.
    A signal that freezes and a disturbance last `seconds`. `first` disturbs before sends are launched, so that they meet it.
    `gate` says whether the gateway has accepted the sends in flight: a process frozen before that is a duplicate that no
    sender can exclude (`system/services/sending.py`).
    """

    id: str
    title: str
    kind: Kind
    victim: Victim | None = None
    point: str = ""
    number: signal.Signals = signal.SIGKILL
    seconds: float = 0.0
    gate: Literal["before", "after"] = "before"
    load: int = 0
    first: bool = False


POINTS = {
    "before-claim": "avant la revendication",
    "after-claim": "après la revendication, la passerelle ne lisant rien",
    "before-post": "requête reçue par la passerelle, pas encore acceptée",
    "after-acceptance": "acceptée par la passerelle, sans réponse",
    "before-record": "réponse reçue, avant de l'inscrire",
    "after-record": "réponse inscrite, broker muet",
    "before-ack": "tâche finie, avant son acquittement au broker",
}
WEBHOOK_POINTS = {
    "webhook-before-insert": "webhook reçu, avant de l'inscrire",
    "webhook-after-insert": "webhook inscrit et acquitté, avant de le traiter",
    "webhook-before-publish": "Message 2 inscrit, avant de publier son réveil",
    "webhook-after-publish": "réveil du Message 2 publié, avant de clore le webhook",
}
_VICTIMS: dict[Victim, str] = {"child": "enfant", "main": "worker"}
_STOP, _TERM, _QUIT = signal.SIGSTOP, signal.SIGTERM, signal.SIGQUIT

CRASH_POINTS: tuple[Fault, ...] = (
    *(
        Fault(f"{point}/{victim}", f"SIGKILL {who} : {where}", "crash point", victim, point)
        for point, where in POINTS.items()
        for victim, who in _VICTIMS.items()
    ),
    *(
        Fault(f"{point}/main", f"SIGKILL web : {where}", "crash point", "web", point)
        for point, where in WEBHOOK_POINTS.items()
    ),
)
CLASSES: tuple[Fault, ...] = (
    Fault("kill-child", "SIGKILL, un processus enfant du worker", "signal", "child"),
    Fault("kill-main", "SIGKILL, processus principal du worker", "signal", "main"),
    Fault("kill-all", "SIGKILL, tous les workers", "signal", "all"),
    Fault("term-main", "SIGTERM sous charge", "signal", "main", number=_TERM),
    Fault("quit-main", "SIGQUIT sous charge", "signal", "main", number=_QUIT),
    Fault(
        "freeze", "worker gelé (SIGSTOP) au-delà de son bail, puis repris", "signal", "main", "", _STOP, 11.0, "after"
    ),
    Fault("broker-killed", "broker tué (SIGKILL), relancé avec ses données", "disturbance", seconds=1.0),
    Fault("broker-emptied", "broker tué (SIGKILL), relancé sans ses données", "disturbance", seconds=1.0),
    Fault("broker-cut", "connexions au broker coupées (CLIENT KILL)", "disturbance"),
    Fault("broker-frozen", "broker gelé (SIGSTOP), puis repris", "disturbance", seconds=3.0),
    Fault("database-restarted", "PostgreSQL relancé", "disturbance"),
    Fault("database-cut", "connexions à PostgreSQL coupées (pg_terminate_backend)", "disturbance"),
    Fault("gateway-429", "passerelle : 429", "disturbance", first=True),
    Fault("gateway-503", "passerelle : 503", "disturbance", first=True),
    Fault("gateway-500-accepted", "passerelle : 500 après avoir accepté", "disturbance", gate="after", first=True),
    Fault("gateway-refused", "passerelle : connexion refusée", "disturbance", seconds=1.0),
    Fault("gateway-slow", "passerelle lente", "disturbance", first=True, seconds=2.0),
    Fault("gateway-silent", "passerelle : accepte, puis ne répond pas", "disturbance", gate="after", first=True),
    Fault("webhook-duplicated", "webhooks livrés plusieurs fois", "disturbance", load=1),
    Fault("webhook-reordered", "webhooks dans le désordre", "disturbance", load=1),
    Fault("webhook-delayed", "webhooks en retard", "disturbance", seconds=3.0, load=1),
    Fault("webhook-forged", "webhooks falsifiés", "disturbance", load=1),
    Fault("beat-killed", "SIGKILL, beat", "signal", "beat"),
    Fault("two-beats", "deux beats à la fois", "disturbance", seconds=12.0, load=1),
    Fault("midnight", "passage de minuit UTC, limite quotidienne atteinte", "disturbance", load=1),
    Fault("window", "interactions de part et d'autre de la limite de 24 h", "disturbance", load=1),
)
DISTURBANCES = tuple(fault.id for fault in CLASSES if fault.kind == "disturbance")
FAULTS = {fault.id: fault for fault in (*CRASH_POINTS, *CLASSES)}
