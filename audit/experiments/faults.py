"""Faults as plain values, applied to process ids."""

import os
import signal
from dataclasses import dataclass


@dataclass(frozen=True)
class Kill:
    """Send a signal to one process. A process already gone is not a fault: `strike` says so."""

    pid: int
    number: signal.Signals = signal.SIGKILL

    def strike(self) -> bool:
        """Apply the fault; False when the process was already gone."""
        try:
            os.kill(self.pid, self.number)
        except ProcessLookupError:
            return False
        return True
