"""What the stack could not do is a DriverError, and nothing else is."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from audit.experiments.driver import DriverError
from checks.driver_errors import guarded_block
from checks.full_driver import FullDriver
from system.sandbox.stack import RunningStack


def test_a_method_of_a_driver_names_itself() -> None:
    unreachable = SimpleNamespace(database_url="postgresql://127.0.0.1:1/none?connect_timeout=1")
    driver = FullDriver(Path(), lambda: nullcontext(cast("RunningStack", unreachable)))
    with pytest.raises(DriverError, match="la pile n'est pas démarrée"):
        driver.recorded()
    driver.start()
    with pytest.raises(DriverError, match=r"^recorded : OperationalError : "):
        driver.recorded()


@contextmanager
def block(*, enters: bool = True, leaves: bool = True) -> Iterator[str]:
    if not enters:
        raise psutil.NoSuchProcess(1)
    yield "inside"
    if not leaves:
        raise psutil.NoSuchProcess(2)


@pytest.mark.parametrize("failing", [block(enters=False), block(leaves=False)], ids=["entering", "leaving"])
def test_a_block_that_cannot_be_entered_or_left_is_named(failing: AbstractContextManager[str]) -> None:
    with pytest.raises(DriverError, match=r"^point : NoSuchProcess : "), guarded_block("point", failing):
        pass


def test_what_the_user_of_a_block_raises_goes_through() -> None:
    with pytest.raises(psutil.NoSuchProcess), guarded_block("point", block()):
        raise psutil.NoSuchProcess(3)
