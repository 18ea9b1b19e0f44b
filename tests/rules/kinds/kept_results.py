"""Results that Celery never removes: stores without expiry, a cleanup that no worker consumes."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import PASSES, Program

_RESERVED = frozenset({Outcome.RESERVATION})
_APP = """from celery import Celery

app = Celery("shop", broker="redis://redis:6379/0", backend="{0}")
app.conf.result_expires = 3600
{1}

@app.task
def send(): return 1
"""
_COMPOSE = """services:
  worker: {{image: shop, command: "celery -A shop worker{0}", restart: always}}
  beat: {{image: shop, command: celery -A shop beat, restart: always}}
"""


def _kept(
    name: str, backend: str, outcomes: frozenset[Outcome] = _RESERVED, conf: str = "", worker: str = ""
) -> Program:
    files = {"shop.py": _APP.format(backend, conf), "compose.yaml": _COMPOSE.format(worker)}
    return Program("results-cleaned", name, outcomes, files)


_SQL = "db+postgresql://db/shop"

PROGRAMS = (
    _kept("S3", "s3://bucket"),
    _kept("Azure", "azureblockblob://DefaultEndpointsProtocol=https"),
    _kept("CouchDB", "couchdb://couch:5984/results"),
    _kept("Google", "gs://bucket/results"),
    _kept("Google, with a lifetime", "gs://bucket/results", PASSES, "app.conf.gcs_ttl = 3600"),
    _kept("DynamoDB, with a lifetime", "dynamodb://@us-east-1/results?ttl_seconds=3600", PASSES),
    _kept("S3, ignored", "s3://bucket", PASSES, "app.conf.task_ignore_result = True"),
    _kept("Redis", "redis://redis:6379/1", PASSES),
    _kept("queue of the cleanup", _SQL, worker=" -Q mail"),
    _kept("queue of the cleanup, among others", _SQL, PASSES, worker=" -Q mail,celery"),
    _kept("every queue", _SQL, PASSES),
    _kept("another default queue", _SQL, PASSES, "app.conf.task_default_queue = 'mail'", worker=" -Q mail"),
    _kept(
        "cleanup that is routed",
        _SQL,
        PASSES,
        "app.conf.task_routes = {'celery.*': {'queue': 'mail'}}",
        worker=" -Q mail",
    ),
)
