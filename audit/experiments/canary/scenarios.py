"""The scenarios of the canary, each on the target's own worker, in the order in which they are played."""

import signal
import time
from math import ceil

from audit.experiments.canary.canary_stack import House, tally
from audit.experiments.canary.execution_ledger import Fate
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.process_faults import Kill, gone
from audit.experiments.waiting import wait_until
from audit.french.typography import counted, french_seconds

_QUICK = 12
_MOST_IN_FLIGHT = 4
_BROKER_DOWN_SECONDS = 1.5
LONGEST_VISIBILITY_SECONDS = 12


def ordinary(house: House, seen: Observation) -> None:
    """Nothing fails: every message is executed once, whatever the pool does with its children."""
    worker = house.worker or house.boot()
    gate = house.gate("ordinary")
    gate.touch()
    keys = house.send("ordinaire", _QUICK, gate)
    tally(seen, house.settle(keys, 20.0, quiet_seconds=1.0))
    pids = {event.pid for event in house.starts(keys)} - {worker.pid}
    seen.values = {"children": len(pids), "pool": house.pool, "concurrency": house.concurrency}
    seen.note(f"{counted(_QUICK, 'message')} sans faute : {seen.executed} {_participle(seen.executed, 'exécuté')}")


def child_killed(house: House, seen: Observation) -> None:
    """SIGKILL of a pool's child in mid-task."""
    worker = house.worker or house.boot()
    gate = house.gate("child")
    keys = _in_flight(house, seen, "enfant", gate.name)
    victim = house.starts(keys)[0] if keys else None
    if victim is None or victim.pid == worker.pid:
        seen.not_played = (
            seen.not_played or "ce worker n'a pas d'enfants : ses tâches s'exécutent dans son processus principal"
        )
        gate.touch()
        return
    Kill(victim.pid).strike()
    struck = time.monotonic()
    seen.note(f"SIGKILL : enfant du worker, {counted(len(keys), 'tâche')} en vol, dont une dans le processus tué")

    def decided() -> bool:
        again = [e for e in house.starts([victim.id]) if e.pid != victim.pid]
        if again:
            seen.back_seconds = round(again[0].at - struck, 2)
        return bool(again)

    # The pool looks for dead children every five seconds.
    wait_until(lambda: decided() or _lost(house, victim.id), 12.0, 0.1)
    gate.touch()
    tally(seen, house.settle(keys, 6.0))
    decided()
    if seen.back_seconds is not None:
        seen.note(f"la tâche du processus tué recommence après {french_seconds(seen.back_seconds)}")
    _tell(seen)


def terminated(house: House, seen: Observation, patience_seconds: float = 20.0) -> None:
    """SIGTERM of the main process under load, as every deployment does; how long it may take to stop."""
    worker = house.worker or house.boot()
    gate = house.gate("term")
    keys = _in_flight(house, seen, "sigterm", gate.name, more=4)
    if not keys:
        gate.touch()
        return
    worker.signal(signal.SIGTERM)
    struck = time.monotonic()
    seen.note(
        f"SIGTERM : processus principal du worker, {counted(seen.in_flight, 'tâche')} en vol, {len(keys) - seen.in_flight} en attente"
    )
    early = wait_until(worker.ending, 1.0)
    gate.touch()
    if wait_until(worker.ending, patience_seconds):
        seen.values["stop_seconds"] = round(time.monotonic() - struck, 2)
        before = " avant la fin des tâches en vol" if early else ""
        seen.note(f"le worker s'est arrêté{before} ({worker.ending()})")
    else:
        seen.note("le worker ne s'arrête pas : SIGKILL")
        house.stop(worker, 0.0)
    _restart(house, seen)
    tally(seen, house.settle(keys, 8.0))
    _tell(seen)


def broker_restarted(house: House, seen: Observation) -> None:
    """The broker dies and comes back with its data, while tasks run and end."""
    worker = house.worker or house.boot()
    gate = house.gate("broker")
    keys = _in_flight(house, seen, "broker", gate.name, more=4)
    if not keys:
        gate.touch()
        return
    house.server.kill()
    seen.note(f"SIGKILL : broker, {counted(seen.in_flight, 'tâche')} en vol, {len(keys) - seen.in_flight} en attente")
    gate.touch()
    wait_until(worker.ending, _BROKER_DOWN_SECONDS)
    if not house.server.start():
        seen.not_played = "le serveur privé n'a pas redémarré"
        return
    up = time.monotonic()
    seen.note("broker de nouveau joignable, données intactes ; les tâches en vol ont fini pendant la coupure")
    back = house.probe("broker", 20.0)
    if back is None or worker.ending():
        seen.worker_died = worker.ending()
        seen.note(
            f"le worker s'est arrêté ({worker.ending()} : {worker.last_words()})"
            if worker.ending()
            else "le worker ne consomme plus"
        )
        house.stop(worker)
        _restart(house, seen)
    else:
        seen.back_seconds = round(time.monotonic() - up, 2)
        seen.note(f"le worker consomme de nouveau {french_seconds(seen.back_seconds)} après le retour du broker")
    tally(seen, house.settle(keys, 8.0))
    _tell(seen)


def delayed(house: House, seen: Observation) -> None:
    """A message with a countdown, longer than the visibility timeout where that can be waited for, while a second worker starts."""
    worker = house.worker or house.boot()
    visibility = house.settings["visibility_timeout"]
    gate = house.gate("delayed")
    gate.touch()
    short = bool(visibility) and visibility <= LONGEST_VISIBILITY_SECONDS
    # The second worker must be up between the visibility timeout and the message's hour, on a busy machine too.
    countdown = float(visibility + max(6, ceil(3 * house.boot_seconds))) if short else 3.0
    seen.values = {"countdown": countdown, "visibility_timeout": visibility, "beyond": short}
    keys = house.send("differe", 1, gate, countdown)
    sent = time.monotonic()
    seen.note(
        f"message différé de {french_seconds(countdown)} ; `visibility_timeout` effectif : {french_seconds(visibility)}"
    )
    if short:
        wait_until(lambda: time.monotonic() - sent > visibility + 0.5, visibility + 2.0)
        second = house.boot()
        seen.note("un second worker démarre, comme lors d'un déploiement")
        wait_until(lambda: len(house.starts(keys)) > 1, countdown + 6.0 - (time.monotonic() - sent))
        tally(seen, house.settle(keys, 4.0))
        house.stop(second)
        house.worker = worker
    else:
        wait_until(lambda: house.starts(keys), countdown + 5.0)
        tally(seen, house.settle(keys, 4.0))
    first = house.starts(keys)
    seen.values["executions"] = len(first)
    if first:
        seen.values["after_seconds"] = round(first[0].at - sent, 2)
    seen.note(f"message différé : {counted(len(first), 'exécution')}")


def main_killed(house: House, seen: Observation) -> None:
    """SIGKILL of the main process; nobody restarts it but the audit."""
    worker = house.worker or house.boot()
    gate = house.gate("main")
    keys = _in_flight(house, seen, "principal", gate.name, more=4)
    if not keys:
        gate.touch()
        return
    children = {event.pid for event in house.starts(keys)} - {worker.pid}
    worker.signal(signal.SIGKILL)
    worker.process.wait()
    seen.note(
        f"SIGKILL : processus principal du worker, {counted(seen.in_flight, 'tâche')} en vol, {len(keys) - seen.in_flight} en attente"
    )
    dead = wait_until(lambda: all(gone(pid) for pid in children), 8.0)
    seen.values["orphans"] = 0 if dead else sum(not gone(pid) for pid in children)
    gate.touch()
    _restart(house, seen)
    visibility = house.settings["visibility_timeout"]
    soon = bool(visibility) and visibility <= LONGEST_VISIBILITY_SECONDS
    tally(seen, house.settle(keys, 6.0 + (visibility if soon else 0.0)))
    _tell(seen)


def _in_flight(house: House, seen: Observation, prefix: str, gate: str, more: int = 0) -> list[str]:
    """Messages whose executions wait at a closed gate, and some more behind them; none when they cannot be held there."""
    limit = house.settings["time_limit"]
    if limit and limit < 30:
        seen.not_played = (
            f"la limite de temps de la cible ({french_seconds(limit)}) ne laisse pas tenir une tâche en vol"
        )
        return []
    busy = min(house.concurrency, _MOST_IN_FLIGHT)
    closed = house.gate(gate.removeprefix("gate-"))
    keys = house.send(prefix, busy, closed)
    if not wait_until(lambda: len(house.starts(keys)) >= busy, 10.0):
        seen.not_played = "aucune tâche n'était en vol quand la faute devait être injectée"
        return []
    seen.in_flight = busy
    return keys + (house.send(f"{prefix}-file", more, closed) if more else [])


def _restart(house: House, seen: Observation) -> None:
    """Start the worker again, and say that it is the audit which does."""
    began = time.monotonic()
    house.boot()
    back = house.probe(seen.scenario, 10.0)
    seen.values["boot_seconds"] = round(time.monotonic() - began, 2) if back is not None else None
    told = (
        f"il consomme après {french_seconds(seen.values['boot_seconds'])}" if back is not None else "il ne consomme pas"
    )
    seen.note(f"worker relancé par l'audit : {told}")


def _lost(house: House, key: str) -> bool:
    return house.settle([key], 2.5)[key] is Fate.LOST


def _participle(count: int, word: str) -> str:
    return f"{word}s" if count > 1 else word


def _tell(seen: Observation) -> None:
    parts = [
        f"{seen.executed} {_participle(seen.executed, 'exécuté')}",
        f"{len(seen.lost)} {_participle(len(seen.lost), 'perdu')}",
        f"{len(seen.twice)} deux fois",
        f"{len(seen.waiting)} en attente de `visibility_timeout`",
    ]
    seen.note(f"sur {counted(seen.sent, 'message')} : {', '.join(parts)}")


SCENARIOS = {
    "canary-ordinary": ordinary,
    "canary-child-killed": child_killed,
    "canary-sigterm": terminated,
    "canary-broker-restarted": broker_restarted,
    "canary-delayed": delayed,
    "canary-main-killed": main_killed,
}
