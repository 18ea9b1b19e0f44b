"""The object behind the fixture `celery_canary`: plays the scenarios on a `celery_setup`, and writes what it saw."""

import hashlib
import json
import logging
import platform
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from audit.experiments.canary.scenario_counts import Observation
from audit.experiments.cluster.cluster_scenarios import SCENARIOS
from audit.experiments.cluster.cluster_stack import ClusterError, ClusterStack
from audit.experiments.observation_file import OBSERVATIONS_FORMAT
from audit.target.digest import tree_digest
from audit.target.target_file import Target, load_target

_logger = logging.getLogger(__name__)
NAME = "checkpoint-audit"


class CeleryCanary:
    """`observations`, by scenario, once played. `root` is the audited project: its target file, if any, counts."""

    def __init__(self, setup: Any, root: Path) -> None:
        self.observations: dict[str, Observation] = {}
        self._stack = ClusterStack(setup)
        self._target = load_target(root)
        self._digest = _digest(self._target)

    @property
    def lost(self) -> tuple[str, ...]:
        """Ids of the messages that were lost."""
        return tuple(key for seen in self.observations.values() for key in seen.lost)

    @property
    def twice(self) -> tuple[str, ...]:
        """Ids of the messages that were executed more than once."""
        return tuple(key for seen in self.observations.values() for key in seen.twice)

    def play(self, scenarios: Iterable[str] = tuple(SCENARIOS)) -> dict[str, Observation]:
        """Play these scenarios (ids of the canary's questions), all five by default. Raises ClusterError where none can be."""
        self._stack.ask()
        for name in scenarios:
            seen = self.observations[name] = Observation(name)
            try:
                SCENARIOS[name](self._stack, seen)
            except ClusterError as error:
                seen.not_played = str(error)
                _logger.debug("%s: %s", name, error)
                self._revive(seen)
        return self.observations

    def _revive(self, seen: Observation) -> None:
        """A scenario that broke off must not spoil the next one."""
        try:
            self._stack.worker.restart()
            self._stack.probe(30.0)
        except Exception as error:  # noqa: BLE001  the library of the node has its own
            seen.note(f"le worker n'a pas pu être relancé ({type(error).__name__})")

    def write(self, path: str | Path) -> Path:
        """Write the observation file that `audit run --evidence` reads. Raises ValueError where it would prove nothing."""
        path = Path(path)
        stale = [symbol for symbol, digest in self._stack.applications if not self._holds(symbol, digest)]
        if self._stack.applications and len(stale) == len(self._stack.applications):
            msg = f"the worker runs {', '.join(stale)}, whose source is not in {self._target.root}: no evidence about this tree"
            raise ValueError(msg)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self._document(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        if _digest(self._target) != self._digest:
            path.unlink()
            msg = f"the tree changed while the canary played, or {path} is part of it: write to reports/, or outside the tree"
            raise ValueError(msg)
        return path

    def _holds(self, symbol: str, digest: str) -> bool:
        """Whether the worker's module is a file of this tree, byte for byte."""
        name = symbol.partition(":")[0].rpartition(".")[2]
        files = [*self._target.root.rglob(f"{name}.py"), *self._target.root.rglob(f"{name}/__init__.py")]
        return any(hashlib.sha256(file.read_bytes()).hexdigest() == digest for file in files)

    def _document(self) -> dict[str, Any]:
        stack = self._stack
        applications = [symbol for symbol, digest in stack.applications if self._holds(symbol, digest)]
        return {
            "format": OBSERVATIONS_FORMAT,
            "tool": {"name": NAME, "version": version(NAME)},
            "target": {"name": self._target.name, "digest": self._digest},
            "generated_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "host": platform.platform(),
            "nodes": type(stack.worker.container).__name__,
            "applications": applications,
            "settings": stack.settings,
            "observations": [replace(seen, started=0.0).plain() for seen in self.observations.values()],
        }


def _digest(target: Target) -> str:
    return tree_digest(target.root, target.exclude)
