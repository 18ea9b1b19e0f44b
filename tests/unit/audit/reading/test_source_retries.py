"""The delays tasks really wait before each retry."""

import pytest

from audit.model.observations.failure_handling import Fate
from audit.model.retries import RetryPolicy
from tests.unit.audit.reading.collecting import Collect

HEAD = """\
import random
from dataclasses import dataclass
from celery import Celery, Task, shared_task
app = Celery('p')
DELAYS = (60, 120, 240)
"""
DEEP = "".join(f"def f{n}(x):\n    return f{n + 1}(x) + f{n + 1}(x) + f{n + 1}(x)\n" for n in range(10))
UNFOLLOWED = f"{HEAD}{DEEP}def f10(x):\n    return x\n"
POLICY = """\
from dataclasses import dataclass
@dataclass(frozen=True)
class Decision:
    again: bool
    delay_seconds: float | None = None
@dataclass(frozen=True)
class RetryPolicy:
    delays_seconds: tuple[float, ...]
    def decide(self, failures: int) -> Decision:
        if failures < 1:
            raise ValueError(failures)
        if failures > len(self.delays_seconds):
            return Decision(again=False)
        return Decision(True, self.delays_seconds[failures - 1])
"""


@pytest.mark.parametrize(
    ("body", "delays"),
    [
        ("raise self.retry(countdown=60)", (60, 60, 60)),
        ("self.retry(countdown=60 * 2 ** self.request.retries)", (60, 120, 240)),
        ("raise self.retry(countdown=60 * (self.request.retries + 1))", (60, 120, 180)),
        ("raise self.retry(countdown=DELAYS[self.request.retries])", (60, 120, 240)),
        ("raise self.retry(countdown=min(60 * 2 ** self.request.retries, 100))", (60, 100, 100)),
        ("raise self.retry()", (180, 180, 180)),
        ("raise self.retry(countdown=7, max_retries=1)", (7,)),
        ("n = self.request.retries\n    raise self.retry(countdown=10 if n == 0 else 20)", (10, 20, 20)),
        ("raise self.retry((), {}, None, True, None, 8, 2)", (8, 8)),
        ("if self.request.retries >= 2:\n        return\n    raise self.retry(countdown=5)", (5, 5)),
        ("if self.request.retries >= self.max_retries:\n        return\n    raise self.retry(countdown=5)", (5, 5, 5)),
        ("try:\n        n = self.request.retries\n        go()\n    except Exception as e:\n        raise self.retry(exc=e, countdown=n + 1)", (1, 2, 3)),
        ("with lock():\n        for x in unknown():\n            if x:\n                raise self.retry(countdown=9)", (9, 9, 9)),
        ("match send():\n        case 1:\n            return\n        case other:\n            raise self.retry(countdown=4)", (4, 4, 4)),
    ],
)  # fmt: skip
def test_a_countdown(collect_tree: Collect, body: str, delays: tuple[float, ...]) -> None:
    facts = collect_tree({"p.py": f"{HEAD}@app.task(bind=True)\ndef send(self, i):\n    {body}\n"})
    (schedule,) = facts.retry_schedules
    assert (schedule.task, schedule.delays, schedule.why_unknown) == ("p:send", delays, "")
    assert schedule.max_retries == len(delays)
    assert "retry(" in schedule.excerpts[0].text


@pytest.mark.parametrize(
    "countdown",
    ["random.uniform(1, 2)", "unknown()", "i", "60 * i", "DELAYS[i]"],
)
def test_a_countdown_nobody_can_read(collect_tree: Collect, countdown: str) -> None:
    text = f"{HEAD}@app.task(bind=True)\ndef send(self, i):\n    raise self.retry(countdown={countdown})\n"
    (schedule,) = collect_tree({"p.py": text}).retry_schedules
    assert schedule.delays == ()
    assert countdown in schedule.why_unknown


@pytest.mark.parametrize(("asked", "most"), [("**unknown()", None), ("max_retries=2, **unknown()", 2)])
def test_spread_arguments_may_give_a_limit(collect_tree: Collect, asked: str, most: int | None) -> None:
    for head in ("", "    if i:\n        return f0(i)\n"):
        text = f"{UNFOLLOWED}@app.task(bind=True)\ndef send(self, i):\n{head}    raise self.retry({asked})\n"
        (schedule,) = collect_tree({"p.py": text}).retry_schedules
        assert schedule.max_retries == most


def test_an_eta_and_an_unknown_limit_are_not_guessed(collect_tree: Collect) -> None:
    text = f"""{HEAD}
@app.task(bind=True)
def one(self):
    raise self.retry(eta=tomorrow())
@app.task(bind=True)
def two(self):
    raise self.retry(countdown=1, max_retries=unknown())
"""
    assert all(s.why_unknown for s in collect_tree({"p.py": text}).retry_schedules)


USER = """\
from celery import Celery
from policy import RetryPolicy
app = Celery('p')
RETRY_POLICY = RetryPolicy(delays_seconds={delays})
@app.task(bind=True, max_retries=None)
def send(self, i):
    outcome = deliver(i)
    decision = RETRY_POLICY.decide(outcome.failures)
    if not decision.again:
        return
    raise self.retry(countdown={countdown})
"""


@pytest.mark.parametrize("delays", ["(60, 120, 240)", "(30, 60, 120)", "[5, 1, 2]", "(60, 60, 60)"])
def test_a_policy_of_another_module_asked_about_failures(collect_tree: Collect, delays: str) -> None:
    text = USER.format(delays=delays, countdown="decision.delay_seconds")
    (schedule,) = collect_tree({"policy.py": POLICY, "p.py": text}).retry_schedules
    assert list(schedule.delays) == [float(d) for d in delays.strip("()[]").split(",")]
    assert schedule.max_retries == 3
    assert any("RetryPolicy(delays_seconds" in e.text for e in schedule.excerpts)


def test_a_task_that_bypasses_its_policy(collect_tree: Collect) -> None:
    text = USER.format(delays="(60, 120, 240)", countdown="60")
    (schedule,) = collect_tree({"policy.py": POLICY, "p.py": text}).retry_schedules
    assert (schedule.delays, schedule.max_retries) == ((60.0, 60.0, 60.0), 3)


def test_retries_without_end_have_no_limit(collect_tree: Collect) -> None:
    text = f"{HEAD}@app.task(bind=True, max_retries=None)\ndef send(self):\n    raise self.retry(countdown=1)\n"
    (schedule,) = collect_tree({"p.py": text}).retry_schedules
    assert schedule.max_retries is None
    assert set(schedule.delays) == {1.0}


def test_a_policy_whose_answer_is_changed(collect_tree: Collect) -> None:
    changed = POLICY.replace("self.delays_seconds[failures - 1])", "self.delays_seconds[failures - 1] * 2)")
    text = USER.format(delays="(60, 120, 240)", countdown="decision.delay_seconds")
    (schedule,) = collect_tree({"policy.py": changed, "p.py": text}).retry_schedules
    assert schedule.delays == (120.0, 240.0, 480.0)


def test_a_calculation_of_another_module(collect_tree: Collect) -> None:
    files = {
        "delays.py": "BASE = 60\ndef delay(n):\n    return BASE * 2**n\n",
        "p.py": f"{HEAD}from delays import delay\n@app.task(bind=True)\ndef send(self):\n    raise self.retry(countdown=delay(self.request.retries))\n",
    }
    (schedule,) = collect_tree(files).retry_schedules
    assert schedule.delays == (60.0, 120.0, 240.0)
    assert [e.path for e in schedule.excerpts] == ["p.py", "delays.py", "delays.py"]


@pytest.mark.parametrize(
    ("options", "delays"),
    [
        ("retry_backoff=60, retry_jitter=False", (60, 120, 240)),
        ("retry_backoff=True, retry_jitter=False, max_retries=2", (1, 2)),
        ("retry_backoff=400, retry_backoff_max=500, retry_jitter=False", (400, 500, 500)),
        ("default_retry_delay=30", (30, 30, 30)),
        ("retry_kwargs={'max_retries': 2, 'countdown': 5}", (5, 5)),
    ],
)
def test_automatic_retries(collect_tree: Collect, options: str, delays: tuple[float, ...]) -> None:
    text = f"{HEAD}@shared_task(autoretry_for=(Exception,), {options})\ndef send():\n    go()\n"
    (schedule,) = collect_tree({"p.py": text}).retry_schedules
    assert (schedule.delays, schedule.max_retries) == (delays, len(delays))


def test_automatic_retries_with_jitter_or_unknown_options(collect_tree: Collect) -> None:
    for options in ("retry_backoff=60", "retry_backoff=unknown(), retry_jitter=False"):
        text = f"{HEAD}@shared_task(autoretry_for=(Exception,), {options})\ndef send():\n    go()\n"
        (schedule,) = collect_tree({"p.py": text}).retry_schedules
        assert schedule.delays == ()
        assert schedule.why_unknown
        assert schedule.random is (options == "retry_backoff=60")


def test_options_of_a_base_class(collect_tree: Collect) -> None:
    text = f"""{HEAD}
class Base(Task):
    max_retries = 2
    default_retry_delay = 11
@app.task(bind=True, base=Base)
def send(self):
    raise self.retry()
"""
    assert collect_tree({"p.py": text}).retry_schedules[0].delays == (11.0, 11.0)


def test_two_calls_give_two_schedules(collect_tree: Collect) -> None:
    text = f"""{HEAD}
@app.task(bind=True)
def send(self):
    try:
        go()
    except OSError:
        raise self.retry(countdown=1)
    except KeyError:
        raise self.retry(countdown=2)
"""
    assert [s.delays for s in collect_tree({"p.py": text}).retry_schedules] == [(1.0,) * 3, (2.0,) * 3]


@pytest.mark.parametrize("given", ["self, 30", "seconds=30, task=self"])
def test_a_retry_in_a_function_given_the_task(collect_tree: Collect, given: str) -> None:
    text = f"""{HEAD}
def again(task, seconds):
    raise task.retry(countdown=seconds)
@app.task(bind=True)
def send(self):
    again({given})
"""
    assert collect_tree({"p.py": text}).retry_schedules[0].delays == (30.0, 30.0, 30.0)


@pytest.mark.parametrize(
    ("body", "most", "delays"),
    [
        ("self.retry(countdown=9)", 3, (9.0,) * 3),
        ("wait: float = 1.5\n    self.retry(countdown=wait)", 3, (1.5,) * 3),
        ("m = 1\n    if i:\n        m = 2\n    self.retry(countdown=9, max_retries=m)", 2, (9.0,) * 2),
        ("wait = go(i)\n    self.retry(countdown=wait)", 3, ()),
        ("wait = 9\n    for wait in go(i):\n        pass\n    self.retry(countdown=wait)", 3, ()),
        ("if self.request.retries > 1:\n        return\n    self.retry(countdown=9)", 3, ()),
        ("self.retry(countdown=9 * self.request.retries)", 3, ()),
        ("self.max_retries = go(i)\n    self.retry(countdown=9)", None, ()),
        ("self.max_retries = go(i)\n    self.retry(countdown=go(i), max_retries=2)", 2, ()),
    ],
)
def test_what_the_text_tells_of_a_task_too_long_to_follow(
    collect_tree: Collect, body: str, most: int | None, delays: tuple[float, ...]
) -> None:
    text = f"{UNFOLLOWED}@app.task(bind=True)\ndef send(self, i):\n    if f0(i):\n        return\n    {body}\n"
    (schedule,) = collect_tree({"p.py": text}).retry_schedules
    assert (schedule.max_retries, schedule.delays, bool(schedule.why_unknown)) == (most, delays, not delays)


@pytest.mark.parametrize(
    ("body", "delays"),
    [
        ("f0(i)\n    self.retry(countdown=60 * 2 ** self.request.retries)", (60.0, 120.0, 240.0)),
        ("f0(self.request.retries)\n    self.retry(countdown=60 * 2 ** self.request.retries)", ()),
        ("f0(self)\n    self.retry(countdown=60 * 2 ** self.request.retries)", ()),
        ("if i:\n        self.retry(countdown=9)\n    f0(i)", (9.0,) * 3),
    ],
)
def test_a_call_need_not_be_reached_where_nothing_else_decides(
    collect_tree: Collect, body: str, delays: tuple[float, ...]
) -> None:
    text = f"{UNFOLLOWED}@app.task(bind=True)\ndef send(self, i):\n    {body}\n"
    (schedule,) = collect_tree({"p.py": text}).retry_schedules
    assert (schedule.delays, schedule.max_retries) == (delays, 3)


def test_each_task_has_one_policy(collect_tree: Collect) -> None:
    text = f"""{HEAD}
@app.task(bind=True, autoretry_for=(OSError,), retry_jitter=False)
def send(self):
    try:
        raise self.retry(countdown=1)
    except Exception:
        pass
@app.task
def never(): ...
@app.task(bind=True)
def handed(self):
    elsewhere(self)
class Sweep(Task):
    def run(self):
        raise self.retry()
app.register_task(Sweep())
"""
    policies = {policy.task: policy for policy in collect_tree({"p.py": text}).retries}
    assert policies["p:never"] == RetryPolicy("p:never")
    send, handed, sweep = (policies[f"p:{name}"] for name in ("send", "handed", "Sweep.run"))
    assert [(s.delays, s.random) for s in send.schedules] == [((180.0,) * 3, False), ((1.0,) * 3, False)]
    assert (send.calls_retry, send.raised) == (True, Fate.LOST)
    assert (handed.schedules, handed.calls_retry, handed.raised) == ((), False, Fate.HANDED_ON)
    assert handed.otherwise == "`handed` confie `self` à ce qui peut réessayer"
    assert (sweep.schedules, sweep.calls_retry) == ((), True)
    assert len(policies) == 4


def test_a_function_given_the_task_counts_its_retries(collect_tree: Collect) -> None:
    text = f"""{HEAD}
def again(task):
    raise task.retry(countdown=60 * 2 ** task.request.retries)
@app.task(bind=True)
def send(self):
    again(self)
"""
    assert collect_tree({"p.py": text}).retry_schedules[0].delays == (60.0, 120.0, 240.0)


def test_a_task_that_never_retries_has_no_schedule(collect_tree: Collect) -> None:
    text = f"{HEAD}@app.task(bind=True)\ndef send(self):\n    go()\ndef retry(self):\n    self.retry(countdown=1)\n"
    assert collect_tree({"p.py": text}).retry_schedules == ()


def test_a_task_too_long_to_follow_leaves_the_others_their_delays(collect_tree: Collect) -> None:
    first = (
        "@app.task(bind=True, max_retries=40)\ndef a(self, i):\n    if go():\n        raise self.retry()\n    f0(i)\n"
    )
    then = "@app.task(bind=True)\ndef b(self, i):\n    if i:\n        raise self.retry(countdown=60 * 2 ** self.request.retries)\n"
    facts = collect_tree({"p.py": f"{UNFOLLOWED}{first}{then}"})
    schedules = {s.task: s for s in facts.retry_schedules}
    assert schedules["p:b"].delays == (60, 120, 240)
