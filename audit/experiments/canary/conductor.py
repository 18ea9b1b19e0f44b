"""The program of the enclosure: it owns the private server and the target's processes, plays, and reports JSON lines.

Run as `python -I -m audit.experiments.canary.conductor` as the first process of fresh network and process namespaces:
when it ends, and it ends with its standard input, everything it started ends with it.
"""

import fcntl
import json
import os
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

from audit.experiments.canary.canary_stack import CanaryStack
from audit.experiments.canary.private_broker import PrivateServer
from audit.experiments.canary.private_rabbitmq import PrivateRabbitMQ
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.canary.scenarios import SCENARIOS
from audit.experiments.canary.target_processes import Launch, Publisher, TargetError

# The canary's own queue, as `inside/private_application.py` names it.
QUEUE = "_audit_canary"
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1


def main() -> None:
    """Read the request on the standard input, play every scenario, report."""
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_audit, daemon=True).start()
    if outside := _other_interfaces():
        _write(
            "failure",
            text=f"L'enceinte a d'autres interfaces réseau que la boucle locale ({outside}) : rien n'a été lancé.",
        )
        return
    _bring_loopback_up()
    directory = Path(request["directory"])
    server = PrivateServer(request["server"], directory, QUEUE)
    if not server.start():
        _write("failure", text=f"Le serveur privé « {request['server']} » ne répond pas.")
        return
    launch = Launch(request["python"], request["root"], request["celery_app"], request["environ"], directory)
    try:
        _play(launch, server, request, directory)
    except TargetError as error:
        _write("failure", text=str(error))


def _play(launch: Launch, redis: PrivateServer, request: dict[str, Any], directory: Path) -> None:
    deadline = time.monotonic() + request["seconds"]
    _write("step", text="Importing the target beside a private broker")
    publisher = Publisher(launch)
    server = redis if publisher.kind == "redis" else _rabbitmq(request["rabbitmq"], directory)
    publisher.connect()
    stack = CanaryStack(launch, server, request["options"], publisher, request["stop"])
    stack.longest_delay = request["longest_delay"]
    _write("settings", values=stack.settings)
    if stack.settings["always_eager"]:
        _write("failure", text="`task_always_eager` est vrai : les tâches ne passent par aucun worker.")
        return
    _write("step", text="Starting the target's own worker")
    stack.boot()
    wanted = {"canary-ordinary", *request["scenarios"]}
    gone = ""
    for name, scenario in ((n, s) for n, s in SCENARIOS.items() if n in wanted):
        seen = Observation(name)
        if gone:
            seen.not_played = f"non joué : {gone}"
        elif time.monotonic() > deadline:
            seen.not_played = "le temps accordé au canari était épuisé"
        else:
            _write("step", text=f"Playing {name}")
            gone = _one(stack, scenario, seen)
        _write("observation", values=seen.plain())
        if name == "canary-ordinary" and seen.executed < seen.sent and not gone:
            words = stack.worker.complaint() if stack.worker else ""
            told = f" : {words}" if words else ""
            _write("failure", text=f"Le worker n'exécute pas les tâches canari ({seen.executed} sur {seen.sent}){told}")
            return


def _rabbitmq(program: str, directory: Path) -> PrivateRabbitMQ:
    if not program:
        raise TargetError(
            "La cible utilise RabbitMQ, et aucun `rabbitmq-server` n'est sur le PATH : le canari ne peut pas lui en donner un."
        )
    _write("step", text="Starting a private RabbitMQ")
    node = PrivateRabbitMQ(program, directory, QUEUE)
    if not node.start():
        raise TargetError(f"Le nœud RabbitMQ privé (« {program} ») ne démarre pas.")
    return node


def _one(stack: CanaryStack, scenario: Any, seen: Observation) -> str:
    """Play; why nothing more can be played, in French: a worker that does not start again says nothing of later scenarios."""
    try:
        stack.steady()
        scenario(stack, seen)
    except TargetError as error:
        seen.not_played = str(error)
        if stack.worker is None or stack.worker.ending():
            return f"le worker de la cible n'est plus revenu pendant « {seen.scenario} » ({str(error).rstrip('.')})"
    return ""


def _end_with_the_audit() -> None:
    """The audit keeps the standard input open for as long as it wants us: its end, whatever the cause, is ours."""
    sys.stdin.read()
    os._exit(1)


def _other_interfaces() -> str:
    return ", ".join(name for _, name in socket.if_nameindex() if name != "lo" and _is_up(name))


def _is_up(name: str) -> bool:
    return bool(_flags(name) & _IFF_UP)


def _flags(name: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        answer = fcntl.ioctl(handle, _SIOCGIFFLAGS, struct.pack("16sH14x", name.encode(), 0))
    return int(struct.unpack("16sH14x", answer)[1])


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _flags("lo") | _IFF_UP))


def _write(kind: str, **content: object) -> None:
    sys.stdout.write(json.dumps({"kind": kind, **content}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
