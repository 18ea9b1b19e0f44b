"""Connections that exist before a worker forks its children, and those that come after."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, PASSES, Program

_HEAD = """
import mongoengine
import psycopg2
from celery import Celery
from celery.signals import worker_init, worker_process_init
from kafka import KafkaProducer
from psycopg_pool import ConnectionPool
from sqlalchemy import MetaData, create_engine

app = Celery("shop", broker="redis://localhost/0")
engine = create_engine("postgresql:///shop")


@app.task
def close(pk):
    return pk


"""


def _opened(name: str, text: str, outcomes: frozenset[Outcome] = ALARM) -> Program:
    return Program("no-connection-at-import", name, outcomes, f"{_HEAD}{text}\n")


PROGRAMS = (
    _opened("a producer", "producer = KafkaProducer(bootstrap_servers='kafka:9092')"),
    _opened("a pool of a class", "class Repository:\n    pool = ConnectionPool('dbname=shop')"),
    _opened("a pool that somebody opens later", "pool = ConnectionPool('dbname=shop', open=False)", PASSES),
    _opened("tables that are reflected", "MetaData().reflect(bind=engine)"),
    _opened("a connection of documents", "mongoengine.connect('shop', host='mongo')"),
    _opened("before the fork", "@worker_init.connect\ndef start(**_):\n    psycopg2.connect('dbname=shop')"),
    _opened(
        "in each child", "@worker_process_init.connect\ndef start(**_):\n    psycopg2.connect('dbname=shop')", PASSES
    ),
)
