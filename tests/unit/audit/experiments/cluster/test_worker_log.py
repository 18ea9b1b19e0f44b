"""Executions read in a worker's log, over its restarts, with the noise of others around them."""

from audit.experiments.canary.execution_ledger import Fate, fate
from audit.experiments.canary.held_messages import MessageTexts
from audit.experiments.cluster.worker_log import WorkerLog

NOTHING = MessageTexts(b"", b"")
START = '[INFO] audit-canary {"event": "start", "id": "k1", "run": 7, "pid": 12, "child": true}\n'
AGAIN = 'audit-canary {"event": "start", "id": "k1", "run": 8, "pid": 12, "child": true}\n'
END = 'audit-canary {"event": "end", "id": "k1", "run": 8}\n'
NOISE = 'ready.\naudit-canary {"event": "sta\naudit-canary [1]\naudit-canary {"event": "start"}\n'


def told(log: WorkerLog, longest: float = 60.0) -> Fate:
    return fate("k1", log.events(), NOTHING, lambda run: log.runs(run, longest))


def test_an_open_execution_runs_until_a_fault_cut_it() -> None:
    log = WorkerLog(lambda: NOISE + START)
    assert told(log) is Fate.RUNNING
    log.bury()
    assert told(log) is Fate.LOST


def test_an_execution_that_outlasts_its_wait_does_not_run() -> None:
    assert told(WorkerLog(lambda: START), longest=0.0) is Fate.LOST


def test_the_same_pid_after_a_restart_is_another_execution() -> None:
    lines = [START]
    log = WorkerLog(lambda: "".join(lines))
    log.bury([7])
    lines += [AGAIN, END]
    assert told(log) is Fate.DONE
    assert [start["run"] for start in log.starts(["k1"])] == [7, 8]


def test_two_ends_are_two_executions() -> None:
    twice = START + '{"x"} audit-canary {"event": "end", "id": "k1", "run": 7}\n' + AGAIN + END
    assert told(WorkerLog(lambda: twice)) is Fate.TWICE


def test_what_the_log_lost_is_still_known() -> None:
    lines = [START]
    log = WorkerLog(lambda: "".join(lines))
    log.refresh()
    lines.clear()
    assert len(log.events()) == 1
