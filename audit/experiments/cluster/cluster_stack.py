"""What a scenario can do with a cluster of pytest-celery: send, strike its nodes, and read what became of the messages."""

import time
from collections.abc import Sequence
from itertools import count
from typing import Any

from audit.experiments.canary.execution_ledger import Fate, fate
from audit.experiments.canary.held_messages import Held
from audit.experiments.canary.resp import held_messages
from audit.experiments.cluster.worker_log import WorkerLog
from audit.experiments.waiting import wait_until

HOLD_SECONDS = 3.0
LONGEST_VISIBILITY_SECONDS = 12
_MARGIN_SECONDS = 4.0
_FINAL = frozenset({Fate.DONE, Fate.TWICE, Fate.LOST})
_RETAINED = frozenset({Fate.HELD, Fate.DUE})
_RETAINED_QUIET_SECONDS = 4.0
_MARKER = "_audit_cluster_marker"


class ClusterError(Exception):
    """The cluster could not do what it was asked; the message is a French sentence."""


class ClusterStack:
    """One worker and one broker of a `celery_setup`."""

    def __init__(self, setup: Any) -> None:
        self.setup = setup
        self.worker = setup.worker
        self.broker = setup.broker
        if self.worker is None or self.broker is None or len(setup.worker_cluster) != 1:
            raise ClusterError("le canari demande un banc d'un broker et d'un seul worker")
        self.log = WorkerLog(self.worker.logs)
        self.settings: dict[str, Any] = {}
        self.applications: list[list[str]] = []
        self.pool = ""
        self.concurrency = 1
        self._numbers = count(1)

    def ask(self, seconds: float = 30.0) -> None:
        """Learn what the worker is. Raises ClusterError where it does not execute the canary's tasks."""
        key = "canari-identite"
        self.setup.app.send_task(
            "_audit_cluster.identify", kwargs={"key": key}, task_id=key, queue=self.worker.worker_queue
        )
        if not wait_until(lambda: self.log.identity(key), seconds, 0.2):
            raise ClusterError("le worker du banc n'exécute pas les tâches canari : elles manquent parmi ses modules")
        told = self.log.identity(key)
        self.settings, self.applications = told["settings"], told["applications"]
        stats = self.setup.app.control.inspect(timeout=3.0).stats() or {}
        answer: dict[str, Any] = next(iter(stats.values()), {})
        pool = answer.get("pool") or {}
        self.pool = str(pool.get("implementation", "")).partition(":")[0]
        limit = pool.get("max-concurrency")
        self.concurrency = limit if isinstance(limit, int) and limit > 0 else 1

    def send(self, prefix: str, number: int, seconds: float) -> list[str]:
        """Publish this many messages; their ids."""
        keys = [f"canari-{prefix}-{n}" for n in range(1, number + 1)]
        for key in keys:
            self.setup.app.send_task(
                "_audit_cluster.hold",
                kwargs={"key": key, "seconds": seconds},
                task_id=key,
                queue=self.worker.worker_queue,
            )
        return keys

    def held(self) -> Held | None:
        """What the broker holds; None where it does not answer, or is no Redis."""
        if self.settings.get("broker") != "redis":
            return None
        try:
            with self.setup.app.connection_for_read() as connection:
                ask = connection.default_channel.client.execute_command
                return held_messages(ask, str(self.worker.worker_queue))
        except Exception:  # noqa: BLE001  whatever library speaks to it: it does not answer
            return None

    def mark(self) -> None:
        """Leave a key in the broker, by which to see whether it keeps its data."""
        if self.settings.get("broker") == "redis":
            with self.setup.app.connection_for_read() as connection:
                connection.default_channel.client.set(_MARKER, "1")

    def kept(self) -> bool:
        """Whether the broker still has that key."""
        if self.settings.get("broker") != "redis":
            return True
        with self.setup.app.connection_for_read() as connection:
            return bool(connection.default_channel.client.get(_MARKER))

    def fates(self, keys: Sequence[str]) -> dict[str, Fate]:
        """What became of each message, now."""
        # The broker first: a message that moves on meanwhile is then seen running, not lost.
        held, events = self.held(), self.log.events()
        return {
            key: fate(key, events, held, lambda run: self.log.runs(run, HOLD_SECONDS + _MARGIN_SECONDS)) for key in keys
        }

    def settle(self, keys: Sequence[str], seconds: float, quiet_seconds: float = 2.0) -> dict[str, Fate]:
        """Wait until every fate is final and has not changed for a while; what they are then, or when the time is out."""
        deadline = time.monotonic() + seconds
        last, since = self.fates(keys), time.monotonic()
        long = (self.settings.get("visibility_timeout") or 0) > LONGEST_VISIBILITY_SECONDS
        while time.monotonic() < deadline:
            quiet, found = time.monotonic() - since, set(last.values())
            if found <= _FINAL and quiet >= quiet_seconds:
                break
            if long and found <= _FINAL | _RETAINED and quiet >= _RETAINED_QUIET_SECONDS:
                break
            time.sleep(0.2)
            now = self.fates(keys)
            if now != last:
                last, since = now, time.monotonic()
        return last

    def probe(self, seconds: float) -> bool:
        """Send one message that nothing holds; whether it was executed in time."""
        keys = self.send(f"sonde-{next(self._numbers)}", 1, 0.0)
        return wait_until(lambda: self.log.starts(keys), seconds, 0.2)

    def stopped(self) -> bool:
        """Whether the worker's node has ended."""
        self.worker.container.reload()
        return str(self.worker.container.status) != "running"

    def kill_process(self, pid: int) -> bool:
        """SIGKILL to one process of the worker's node; False where its node cannot."""
        code, _ = self.worker.container.exec_run(["sh", "-c", f"kill -9 {pid}"])
        return bool(code == 0)
