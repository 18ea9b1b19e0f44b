"""Turns what the stack could not do into the `DriverError` that experiments expect."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from inspect import ismethod
from typing import TypeVar

import httpx
import psutil
import psycopg
import redis

from audit.experiments.driver import DriverError
from audit.experiments.waiting import wait_until
from system.sandbox.processes import SandboxError

T = TypeVar("T")


@contextmanager
def driver_errors(name: str) -> Iterator[None]:
    """An error of the stack in this block is a DriverError that begins with this name; also a decorator."""
    try:
        yield
    except (SandboxError, psycopg.Error, httpx.HTTPError, psutil.Error, redis.RedisError) as error:
        msg = f"{name} : {type(error).__name__} : {error}"
        raise DriverError(msg) from error


def guard(driver: object) -> None:
    """For an error of the stack, every method bound to this driver raises DriverError with the method's name."""
    for name, method in [*vars(driver).items()]:
        if ismethod(method):
            setattr(driver, name, driver_errors(name)(method))


@contextmanager
def guarded_block(name: str, block: AbstractContextManager[T]) -> Iterator[T]:
    """What entering or leaving this block could not do, as a DriverError; what its user raises goes through."""
    with ExitStack() as opened:
        with driver_errors(name):
            entered = opened.enter_context(block)
        yield entered
        with driver_errors(name):
            opened.close()


def require(condition: Callable[[], object], seconds: float, otherwise: str) -> None:
    """Wait for the condition. Raises DriverError with these words when it does not come in that time."""
    if not wait_until(condition, seconds):
        raise DriverError(otherwise)
