"""Periodic tasks, Message 2: what is planned or published, and what only looks like it."""

from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, WARNED, Table

_ROLES = '[roles]\nrecovery = "shop:recover"\nmonitoring_reset = "shop:reset"\n'
_HEAD = """
from celery import Celery
from celery.schedules import crontab, schedule

app = Celery("shop", broker="redis://localhost/0")


@app.task
def recover(): ...


@app.task
def reset(): ...
"""


def _planned(text: str) -> dict[str, str]:
    return {"audit.toml": _ROLES, "shop.py": _HEAD + text}


_FOLLOW = """
[roles]
webhook = "shop:receive"
follow_up_scheduler = "shop:plan"
sender = "shop:send"
"""
_SHOP = """
from functools import partial

from celery import Celery
from fastapi import FastAPI, Request

app, api = Celery("shop", broker="redis://localhost/0"), FastAPI()


@app.task
def send(message_id): ...


@api.post("/hook")
async def receive(request: Request):
    plan((await request.json())["contact"])

"""


def _follow(text: str) -> dict[str, str]:
    return {"audit.toml": _FOLLOW, "shop.py": _SHOP + text}


TABLE: Table = {
    "recovery": {
        "an entry that `update` replaces": (
            ALARM,
            _planned(
                '\napp.conf.beat_schedule = {"r": {"task": "shop.recover", "schedule": 300.0}}\n'
                'app.conf.beat_schedule["r"] = {"task": "shop.recover", "schedule": 3600.0}\n'
            ),
        ),
        "an entry made by a function": (DOUBTED, _planned("\napp.conf.beat_schedule = entries(recover, 300)\n")),
        "an interval in another class": (
            PASSES,
            _planned(
                '\napp.conf.beat_schedule = {"r": {"task": "shop.recover", "schedule": schedule(run_every=300)}}\n'
            ),
        ),
    },
    "monitoring-reset-period": {
        "midnight of another zone": (
            ALARM,
            _planned(
                '\napp.conf.timezone = "Europe/Paris"\n'
                'app.conf.beat_schedule = {"r": {"task": "shop.reset", "schedule": crontab(hour=0, minute=0)}}\n'
            ),
        )
    },
    "follow-up-no-user": {
        "one of two ways publishes at once": (
            DOUBTED,
            _follow(
                "\ndef plan(contact):\n    if contact:\n        send.apply_async(args=[contact], countdown=2)\n"
                "    else:\n        send.delay(contact)\n"
            ),
        ),
        "another way is in a function that is not followed": (
            DOUBTED,
            _follow(
                "\nWAYS = load()\n\n\ndef plan(contact):\n    send.apply_async(args=[contact], countdown=2)\n"
                '    WAYS["late"](contact)\n'
            ),
        ),
        "a helper that asks for the person": (
            WARNED,
            _follow(
                "\ndef owner(contact):\n    return get_current_user()\n\n\nasked = partial(owner, None)\n\n\n"
                "def plan(contact):\n    asked()\n    send.apply_async(args=[contact], countdown=2)\n"
            ),
        ),
        "a helper that publishes": (
            PASSES,
            _follow(
                "\ndef later(contact):\n    send.apply_async(args=[contact], countdown=2)\n\n\ndef plan(contact):\n    later(contact)\n"
            ),
        ),
    },
}
