"""One policy a task: its automatic retries, what its calls of `retry` ask for, what becomes of what they raise."""

from audit.model.retries import RetryPolicy
from audit.reading.behaviour.enclosing_statements import surroundings
from audit.reading.python.interpreter import Machine
from audit.reading.retries.raised_retries import RaisedRetry
from audit.reading.retries.retry_calls import TaskCalls
from audit.reading.retries.retry_delays import asked_schedules
from audit.reading.retries.retry_options import automatic_schedules


def read_retries(machine: Machine) -> tuple[RetryPolicy, ...]:
    """The policy of every task that was met, in the order of their symbols."""
    tasks = sorted(surroundings(machine).items())
    calls = {symbol: TaskCalls(task.function) for symbol, task in tasks}
    schedules = {
        symbol: (*automatic_schedules(machine, task.function), *asked_schedules(machine, calls[symbol]))
        for symbol, task in tasks
        if task.decoration
    }
    machine.start_functions()
    found = []
    for symbol, task in tasks:
        seen = RaisedRetry(machine, task, calls[symbol])
        fate, doubt = seen.fate()
        asked = schedules.get(symbol, ())
        otherwise, republishes = seen.otherwise()
        found.append(RetryPolicy(symbol, asked, calls[symbol].retries, otherwise, fate, doubt, republishes))
    return tuple(found)
