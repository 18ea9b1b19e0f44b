"""The cells of the table, in the order in which they are measured."""

from dataclasses import dataclass
from itertools import product

# Each with the kombu of its time; redis-py is the one that kombu's own extra then resolves to.
RELEASES = {"5.3.6": "5.3.7", "5.4.0": "5.4.2", "5.5.3": "5.5.4", "5.6.3": "5.6.2", "5.7.0": "5.7.0"}
BROKERS = {"redis": "redis://boutique.example:6379/0", "rabbitmq": "amqp://boutique.example//"}
POOLS = ("prefork", "threads")
ACKNOWLEDGEMENTS = ("early", "late", "late+reject")
SCENARIOS = {
    "prefork": ("canary-child-killed", "canary-broker-restarted", "canary-main-killed"),
    "threads": ("canary-broker-restarted", "canary-main-killed"),
}


@dataclass(frozen=True)
class Cell:
    """One release on one broker with one pool and one way to acknowledge."""

    release: str
    broker: str
    pool: str
    acks: str

    @property
    def name(self) -> str:
        """As `--only` takes it."""
        return f"{self.release}/{self.broker}/{self.pool}/{self.acks}"


def cells() -> list[Cell]:
    """Every cell: a pool and a broker at a time, so that a table cut short still compares every release."""
    return [
        Cell(release, broker, pool, acks)
        for pool, broker, acks, release in product(POOLS, BROKERS, ACKNOWLEDGEMENTS, RELEASES)
    ]
