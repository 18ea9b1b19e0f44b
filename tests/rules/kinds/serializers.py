"""Serializers that run code, under names of their own."""

from audit.model.findings import Outcome
from tests.rules.kinds.program import ALARM, DOUBTED, PASSES, QUIET, WARNED, Program

_HEAD = """
import json
import marshal
import pickle
import zlib
from functools import partial

import kombu
from celery import Celery
from kombu import serialization
from kombu.serialization import register, registry
from kombu.serialization import register as enrol

app = Celery("shop", broker="redis://localhost/0")


def dumps(value):
    return zlib.compress(pickle.dumps(value))


def loads(text):
    return unpack(zlib.decompress(text))


def unpack(text):
    return pickle.loads(text)


class Codec:
    @staticmethod
    def loads(text):
        return pickle.loads(text)

    @staticmethod
    def dumps(value):
        return pickle.dumps(value)


def plain(value):
    try:
        return json.dumps(value)
    except pickle.PicklingError:
        return ""


"""
_NAMED = 'app.conf.update(task_serializer="fast", accept_content=["json", "fast"])\n'
_TYPED = 'app.conf.task_serializer = "fast"\napp.conf.accept_content = ["application/x-fast"]\n'


def _runs(name: str, text: str, conf: str = _NAMED) -> Program:
    return Program("no-pickle", name, ALARM, f"{_HEAD}{text}\n{conf}")


_YAML = (
    f'register("fast", yaml.safe_dump, lambda t: yaml.load(t, Loader=yaml.CSafeLoader), "application/x-fast")\n{_NAMED}'
)
_ODD = f'register("fast", odd.dumps, odd.loads, "application/x-fast")\n{_NAMED}'


def _decodes(name: str, before: str, body: str, outcomes: frozenset[Outcome]) -> Program:
    text = f"from celery import Celery\n{before}\n\napp = Celery('shop', broker='redis://localhost/0')\n\n\n@app.task\ndef send(payload, **kw):\n    {body}\n"
    return Program("no-pickle", f"argument {name}", outcomes, text)


PROGRAMS = (
    _runs("functions", 'register("fast", dumps, loads, "application/x-fast", "binary")'),
    _runs("by its type", 'registry.register("fast", dumps, loads, content_type="application/x-fast")', _TYPED),
    _runs("marshal", 'serialization.register("fast", marshal.dumps, marshal.loads, "application/x-fast")'),
    _runs("module", 'kombu.serialization.register("fast", Codec.dumps, Codec.loads, "application/x-fast")'),
    _runs("lambda", 'enrol("fast", lambda v: json.dumps(v), lambda t: pickle.loads(t), "application/x-fast")'),
    _runs(
        "partial", 'register("fast", partial(pickle.dumps, protocol=4), partial(pickle.loads), "application/x-fast")'
    ),
    _runs("in a function", 'def up():\n    register("fast", dumps, loads, "application/x-fast")\n\n\nup()'),
    _runs(
        "in the place of another", 'register("json", dumps, loads, "application/json")', "app.conf.timezone = 'UTC'\n"
    ),
    _runs(
        "option of a task",
        'register("fast", dumps, loads, "application/x-fast")\n\n\n@app.task(serializer="fast")\ndef send(): ...\n',
        'app.conf.accept_content = ["json"]\n',
    ),
    Program(
        "no-pickle",
        "JSON",
        PASSES,
        f'{_HEAD}register("fast", plain, json.loads, "application/x-fast", "utf-8")\n{_NAMED}',
    ),
    Program(
        "no-pickle",
        "not accepted",
        PASSES,
        f'{_HEAD}register("cold", dumps, loads, "application/x-cold")\napp.conf.accept_content = ["json"]\n',
    ),
    _runs(
        "an unsafe loader",
        'import yaml\nregister("fast", yaml.dump, lambda t: yaml.load(t, yaml.UnsafeLoader), "application/x-fast")',
    ),
    _runs("evaluated", 'register("fast", repr, eval, "application/x-fast")'),
    Program("no-pickle", "a safe loader", PASSES, f"{_HEAD}import yaml\n{_YAML}"),
    Program("no-pickle", "a library nobody knows", DOUBTED - WARNED, f"{_HEAD}import odd\n{_ODD}"),
    Program("no-pickle", "registered elsewhere", QUIET - PASSES, f"{_HEAD}{_NAMED}"),
    _decodes("unpickled", "import pickle", "pickle.loads(payload).run()", ALARM),
    _decodes(
        "unpickled from base64",
        "import base64, pickle",
        "job = pickle.loads(base64.b64decode(payload))\n    job.run()",
        ALARM,
    ),
    _decodes(
        "unpickled from an entry", "from dill import loads as read", "read(bytes.fromhex(payload['job'])).run()", ALARM
    ),
    _decodes("unsafe YAML", "import yaml", "yaml.load(payload, Loader=yaml.UnsafeLoader)", ALARM),
    _decodes("evaluated", "", "eval(payload)", ALARM),
    _decodes("by its name", "import cloudpickle", "cloudpickle.loads(kw['fn'])()", ALARM),
    _decodes(
        "unpickled by a function",
        "import pickle\n\n\ndef opened(raw):\n    return pickle.loads(raw)\n",
        "opened(payload).run()",
        WARNED,
    ),
    _decodes("decoded", "import json", "json.loads(payload)", PASSES),
    _decodes("safe YAML", "import yaml", "yaml.load(payload, Loader=yaml.SafeLoader)", PASSES),
    _decodes("what a cache holds", "import pickle", "pickle.loads(cache.get(payload))", PASSES),
    _decodes(
        "what a cache holds, by a function",
        "import pickle\n\n\ndef opened(raw):\n    return pickle.loads(raw)\n",
        "opened(cache.get(payload))",
        PASSES,
    ),
)
