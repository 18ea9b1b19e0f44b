"""Reads through PostgREST: rows without a bound, and answers of which only the count is read."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, Program

_HEAD = """
from celery import Celery
from postgrest import CountMethod
from supabase import create_client

app = Celery("shop", broker="redis://localhost/0")
client = create_client(URL, KEY)


@app.task
def remind(key):
"""


def _read(name: str, body: str, outcomes: frozenset[Outcome] = PASSES) -> Program:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    return Program("paged-reads", name, outcomes, _HEAD + lines)


def _elsewhere(name: str, body: str, outcomes: frozenset[Outcome]) -> Program:
    files = {"stores.py": _STORES, "shop.py": _TASK + body}
    return Program("paged-reads", name, outcomes, files)


_STORES = """
from supabase import create_client


def client():
    return create_client(URL, KEY)
"""
_TASK = """
from celery import Celery
from postgrest import CountMethod
from stores import client

app = Celery("shop", broker="redis://localhost/0")


@app.task
def remind(key):
    """
_COUNT = "client.table('m').select('id', count='exact').execute()"

PROGRAMS = (
    _read("count at once", f"return {_COUNT}.count"),
    _read("count by a name", f"answer = {_COUNT}\nif answer.count > 3:\n    warn(answer.count)"),
    _read(
        "count of its kind",
        "n = client.table('m').select('*', count=CountMethod.exact).eq('a', 1).execute().count or 0",
    ),
    _read("count in a condition", f"if (answer := {_COUNT}).count:\n    warn(key)"),
    _read("sum of the database", "return client.table('m').select('total:price.sum()').execute().data"),
    _elsewhere("client of another module, and a write", "client().table('m').upsert(key).execute()", PASSES),
    _elsewhere("client of another module, and a read", "client().table('m').select('*').execute()", ALARM),
    _elsewhere("client of another module, and an unknown request", "build(client()).execute()", DOUBTED),
    _read("count and rows", f"answer = {_COUNT}\nwarn(answer.count)\nfor row in answer.data:\n    send(row)", ALARM),
    _read("answer given away", f"answer = {_COUNT}\nwarn(answer.count)\nreturn answer", ALARM),
    _read("length of the rows", f"return len({_COUNT}.data)", ALARM),
    _read("sums by group", "return client.table('m').select('shop, price.sum()').execute().data", ALARM),
)
