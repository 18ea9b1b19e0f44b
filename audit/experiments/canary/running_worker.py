"""What the worker in service answers when it is asked, against what the import of the target says."""

from typing import Any

from audit.experiments.canary.canary_stack import CanaryStack
from audit.experiments.canary.scenario_counts import Observation
from audit.french.typography import counted


def asked(stack: CanaryStack, seen: Observation) -> None:
    """`inspect` on the canary's worker: settings, registered tasks, queues, pool and processes."""
    if stack.worker is None:
        stack.boot()
    answers = stack.publisher.inspect(stack.node)
    if not answers:
        seen.not_played = "le worker ne répond pas à `inspect` (`worker_enable_remote_control`, ou un autre obstacle)"
        return
    different = _different(answers["conf"]) + _different(answers["tasks"])
    pool = answers["pool"]
    seen.values |= {
        "different": different,
        "settings": len(answers["conf"]),
        "tasks": len(answers["tasks"]),
        "queues": answers["queues"],
        "pool": str(pool.get("implementation", "")).partition(":")[0].rpartition(".")[2],
        "processes": len(pool.get("processes") or ()),
        "prefetch_count": answers["prefetch_count"],
    }
    seen.note(
        f"`inspect` : {counted(len(answers['conf']), 'réglage')} et {counted(len(answers['tasks']), 'tâche')} comparés à "
        f"l'import, {counted(len(different), 'différence')}"
    )


def _different(pairs: dict[str, list[Any]]) -> list[list[str]]:
    return [[name, str(read), str(running)] for name, (read, running) in sorted(pairs.items()) if read != running]
