"""A target's stack under its fault driver, up while a block lasts."""

from collections.abc import Iterator
from contextlib import contextmanager

from audit.command.terminal import say
from audit.experiments.driver import DriverError, load_driver
from audit.experiments.laboratory.fault_driver import FaultDriver
from audit.target.target_file import Target, TargetError


@contextmanager
def running(target: Target) -> Iterator[FaultDriver]:
    """The stack, started and always stopped.

    Raises TargetError when the target names no fault driver, DriverError when it does not load or start.
    """
    if not target.fault_driver:
        msg = (
            f"{target.name}: the target file names no `target.fault_driver` (audit.experiments.laboratory.fault_driver)"
        )
        raise TargetError(msg)
    driver = load_driver(target.fault_driver, target.root)
    if not isinstance(driver, FaultDriver):
        msg = f"`{target.fault_driver}` n'a pas toutes les méthodes de `FaultDriver`"
        raise DriverError(msg)
    say(f"Starting the stack with {target.fault_driver}", dim=True)
    try:
        driver.start()
        yield driver
    finally:
        driver.stop()
