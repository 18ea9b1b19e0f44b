"""The driver of the laboratory: crash points, disturbances, a second worker, signed webhooks."""

from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from audit.experiments.laboratory.fault_driver import Stake
from audit.french.typography import french_integer
from checks.crash_points import POINTS
from checks.disturbances import DAILY_LIMIT, DISTURBANCES
from checks.driver import ReferenceDriver
from checks.driver_errors import guard, guarded_block
from checks.laboratory import Laboratory
from checks.stack import Opening, Stack
from checks.webhook_sender import SECRET
from system.sandbox.stack import REPOSITORY, running_stack

# A session of an hour is not given up because the machine is busy when it begins.
_START_SECONDS = 240.0
_CONDITION = (
    f"limite quotidienne portée à {french_integer(DAILY_LIMIT)} messages, et réputée atteinte pendant la seule faute "
    "« passage de minuit UTC » ; webhooks signés ; délais de reprise sautés en avançant leur échéance"
)


class ReferenceFaultDriver(ReferenceDriver):
    """The reference driver under fire: sends by the ten thousand, signed webhooks, one more worker on demand.

    `lease_seconds` is the shortened lease; `gateway_seconds`, the gateway's deadline, outlives the placing of a fault on
    a busy machine.
    """

    def __init__(
        self, root: Path, lease_seconds: float = 9.0, gateway_seconds: float = 5.0, opening: Opening | None = None
    ) -> None:
        shipped = partial(
            running_stack,
            root,
            alert_after_seconds=600,
            start_seconds=_START_SECONDS,
            stop_seconds=0.5,
            send_lease_seconds=lease_seconds,
            gateway_timeout_seconds=gateway_seconds,
            extra_env={"DAILY_MESSAGE_LIMIT": str(DAILY_LIMIT), "WASSENGER_WEBHOOK_SECRET": SECRET},
        )
        self.laboratory = lab = Laboratory(Stack(root, opening or shipped))
        super().__init__(lab, [_CONDITION])
        states, webhooks = lab.states, lab.webhooks
        self.launch, self.expected = lab.stakes.launch, lab.stakes.expected
        self.workers, self.add_worker = lab.processes.workers, lab.processes.add_worker
        self.sending, self.unsettled, self.hasten = states.sending, states.unsettled, states.hasten
        self.acknowledged, self.delivered = webhooks.acknowledged, webhooks.delivered
        guard(self)

    def witnesses(self) -> tuple[Path, ...]:
        """This package and the sandbox, as they run: a mutated copy of the tree is driven by them too."""
        return (REPOSITORY / "checks", REPOSITORY / "system" / "sandbox")

    def reach(self, point: str, contacts: int) -> AbstractContextManager[Stake]:
        """See `checks.crash_points`."""
        return guarded_block(point, POINTS[point](self.laboratory, contacts))

    def disturb(self, name: str) -> AbstractContextManager[Stake]:
        """See `checks.disturbances`."""
        return guarded_block(name, DISTURBANCES[name](self.laboratory))
