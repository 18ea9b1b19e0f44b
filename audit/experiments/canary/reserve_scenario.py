"""How many messages a busy worker takes in advance, which no other worker then executes."""

from audit.experiments.canary.canary_stack import CanaryStack, tally
from audit.experiments.canary.in_flight import hold_in_flight
from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.waiting import wait_until
from audit.french.typography import counted

_MOST_SENT = 64


def reserved(stack: CanaryStack, seen: Observation) -> None:
    """Fill every slot, send more behind, and count what the broker no longer offers."""
    if stack.worker is None:
        stack.boot()
    gate = stack.gate("reserved")
    busy = stack.concurrency
    if busy > _MOST_SENT // 4:
        seen.not_played = f"le worker a {busy} places : trop pour les remplir toutes"
        return
    keys = hold_in_flight(stack, seen, "reserved", min(_MOST_SENT, 8 * busy + 8), busy)
    if keys:
        started = {event.id for event in stack.starts(keys)}
        behind = [key for key in keys if key not in started]
        # Acknowledged before they run, or after.
        unacked_runs = busy if stack.settings["acks_late"] else 0
        counts: list[int] = []

        def steady() -> bool:
            held = stack.server.held()
            counts.append(0 if held is None else held.unacked_among(keys) - unacked_runs)
            return len(counts) > 6 and len(set(counts[-6:])) == 1

        wait_until(steady, 6.0, 0.25)
        seen.values |= {"reserved": max(0, counts[-1]), "behind": len(behind), "concurrency": busy}
        seen.note(
            f"{counted(busy, 'tâche')} en vol, {len(behind)} messages derrière : {seen.values['reserved']} pris d'avance"
        )
    gate.touch()
    if keys:
        tally(seen, stack.settle(keys, 15.0))
