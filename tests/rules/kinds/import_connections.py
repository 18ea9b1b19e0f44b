"""Connections that an application factory opens while a worker imports it."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import PASSES, WARNED, Program

_SHOP = """from flask import Flask
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class Initializer:
    def __init__(self, app):
        self.app = app

    def prepare_application(self):
        self.in_context()

    def in_context(self):
        self.warn()

    def warn(self):
        {body}


def create_app():
    app = Flask("shop")
    made = app.config.get("INITIALIZER", Initializer)(app)
    made.prepare_application()
    return app
"""
_TASKS = "from celery import Celery\nfrom shop import create_app\n\nflask_app = create_app()\napp = Celery('shop')\n\n\n@app.task\ndef t(): ...\n"


def _factory(title: str, outcome: frozenset[Outcome], body: str) -> Program:
    return Program("no-connection-at-import", title, outcome, {"shop.py": _SHOP.format(body=body), "tasks.py": _TASKS})


PROGRAMS = (
    _factory("a query of a class that the configuration names", WARNED, "db.engine.execute('SELECT 1')"),
    _factory("its engine connects", WARNED, "with db.engine.connect() as c:\n            c.execute('SELECT 1')"),
    _factory("nothing is asked", PASSES, "return db.engine"),
)
