"""What every experiment asks of the reference stack (`audit.experiments.driver.Driver`), from one object a subject."""

from collections.abc import Sequence

from checks.administration import Administration
from checks.campaigns import Campaigns
from checks.conditions import Conditions
from checks.conversations import Conversations
from checks.gateway import Gateway
from checks.launches import Launches
from checks.processes import Processes
from checks.sends import Locks, Sends
from checks.stack import Stack


class Parts:
    """What every driver is made of, over one stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.gateway, self.processes = stack, Gateway(stack), Processes(stack)
        self.sends, self.locks = Sends(stack, self.gateway), Locks(stack)
        self.launches = Launches(stack, self.gateway)
        self.conversations = Conversations(stack)
        self.administration = Administration(stack)
        self.campaigns = Campaigns(stack, self.gateway, self.launches, self.processes, self.administration)


class ReferenceDriver:
    """Its methods are those of the parts; `conditions` are the sentences that only the driver in question knows."""

    def __init__(self, parts: Parts, conditions: Sequence[str]) -> None:
        self.stack, self._gateway, told = parts.stack, parts.gateway, Conditions(parts.stack, conditions)
        gateway, talk = parts.gateway, parts.conversations
        self.start = parts.stack.start
        self.logged_in, self.alert_delay = told.logged_in, told.alert_delay
        self.deployment, self.conditions = told.deployment, told.conditions
        self.launch, self.retry_delays = parts.launches.launch, parts.launches.retry_delays
        self.accepted, self.recorded = parts.sends.accepted, parts.sends.recorded
        self.follow_up_key, self.deliver_again = parts.sends.follow_up_key, parts.locks.deliver_again
        self.hold, self.held, self.release, self.alerts = gateway.hold, gateway.held, gateway.release, gateway.alerts
        self.main_pid, self.child_pids = parts.processes.main_pid, parts.processes.child_pids
        self.interact, self.interactions = talk.interact, talk.interactions
        self.stall_processing, self.periodic_runs = talk.stall_processing, parts.campaigns.periodic_runs

    def stop(self) -> None:
        """End everything, and the double that was started again."""
        self._gateway.stop()
        self.stack.stop()
