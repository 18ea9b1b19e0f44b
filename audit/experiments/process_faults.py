"""Faults as plain values, applied to process ids."""

import signal
from dataclasses import dataclass


@dataclass(frozen=True)
class Kill:
    """Send a signal to one process. A process already gone is not a fault: `strike` says so."""

    pid: int
    number: signal.Signals = signal.SIGKILL

    def strike(self) -> bool:
        """Apply the fault; False when the process was already gone."""
        import psutil  # noqa: PLC0415  audits that start nothing read the experiments' names only

        try:
            psutil.Process(self.pid).send_signal(self.number)
        except psutil.NoSuchProcess:
            return False
        return True


def gone(pid: int) -> bool:
    """Whether the process runs no more; one that its parent has not reaped yet is gone."""
    import psutil  # noqa: PLC0415  as above

    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
