"""What a whole process takes."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What one process took, from its start to its end: seconds by the clock, seconds of processor, megabytes at most."""

    seconds: float
    processor: float
    megabytes: float


def cost(command: Sequence[str], cwd: Path) -> Cost:
    """Run a command to its end. Its exit code says what it found, not whether it ran: 2 and above is an error."""
    alone = [sys.executable, "-I", "-S", str(Path(__file__).with_name("alone.py")), *command]
    told = subprocess.run(alone, cwd=cwd, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    seconds, processor, megabytes = map(float, told[:3])
    if told[3] not in {"0", "1"}:
        msg = f"{command}: exit {told[3]}"
        raise RuntimeError(msg)
    return Cost(seconds, processor, megabytes)
