from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, Table, established, fails, not_concerned, undetermined

TASKS = "shop/tasks.py"
_NAP = "    time.sleep(2)\n"
_POST = 'requests.post("https://mail.internal/send", json={"order": order_id}, timeout=(5, 30))'
_PATCHED = Edit(
    "shop/patches.py",
    "",
    "from requests.adapters import HTTPAdapter\n\n\ndef patch():\n    own = HTTPAdapter.send\n\n"
    "    def send(self, request, timeout=None, **options):\n        return own(self, request, timeout=timeout or 30, **options)\n\n"
    "    HTTPAdapter.send = send\n",
)


def _instead(*lines: str) -> Edit:
    """These lines in the place of the nap of `report`."""
    return Edit(TASKS, _NAP, "".join(f"    {line}\n" for line in lines))


_WATCH = Edit(TASKS, "import time\n", "import itertools\nimport threading\nimport time\n")
_ENDLESS = (
    ("a count", "for n in itertools.count():", "    print(n)"),
    ("a cycle by a name", "over = enumerate(itertools.cycle([1, 2]))", "for n in over:", "    print(n)"),
    ("one value for ever", "for n in itertools.repeat(day):", "    print(n)"),
    ("an event that nobody sets", "stop = threading.Event()", "while not stop.is_set():", "    print(day)"),
    ("a wait for nobody", "stop = threading.Event()", "while not stop.wait(1):", "    print(day)"),
    ("a subscription", "sub = day.pubsub()", "for message in sub.listen():", "    print(message)"),
)
_ENDING = (
    ("a count that a test leaves", "for n in itertools.count():", "    if n > 5:", "        break"),
    ("a count cut short", "for n in itertools.islice(itertools.count(), 50):", "    print(n)"),
    ("one value a number of times", "for n in itertools.repeat(day, 3):", "    print(n)"),
    ("an event that is set", "stop = threading.Event()", "while not stop.is_set():", "    stop.set()"),
    ("an event given away", "stop = threading.Event()", "print(stop)", "while not stop.is_set():", "    print(day)"),
    ("a subscription that ends", "sub = day.pubsub()", "for message in sub.listen():", "    sub.unsubscribe()"),
)
_PUMP = Edit(
    "shop/pump.py",
    "",
    "import threading\n\n\nclass Pump:\n    def __init__(self):\n        self.stop = threading.Event()\n\n"
    "    def run(self):\n        while not self.stop.is_set():\n            print(1)\n",
)


def _job(alive: str) -> Edit:
    return Edit(
        "shop/job.py",
        "",
        f"class Job:\n    turn = 0\n\n    @property\n    def alive(self):\n        return {alive}\n\n"
        "    def run(self):\n        while self.alive:\n            self.turn += 1\n",
    )


TABLE: Table = {
    "sleep-within-limit": {
        "in a loop": fails(
            "`report` dort 100 s",
            _instead("for _ in range(10):", "    pause(10)"),
            Edit(TASKS, "import time\n", "import time\nfrom time import sleep as pause\n"),
        ),
        "in a function it calls": fails(
            "`write_report` dort 90 s",
            Edit(TASKS, "def write_report(day):\n", "def write_report(day):\n    time.sleep(30)\n    time.sleep(60)\n"),
        ),
        "one branch or the other": established(
            "tâches", _instead("if day:", "    time.sleep(40)", "else:", "    time.sleep(40)")
        ),
        "a path that leaves": established(
            "tâches", _instead("if day:", "    time.sleep(40)", "    return", "time.sleep(40)")
        ),
        "duration out of reach": undetermined("ne se lit pas", _instead("time.sleep(day.second)")),
        "until something happens": undetermined("ne se lit pas", _instead("while not day:", "    time.sleep(1)")),
        "none": not_concerned("aucun sommeil (`sleep`) n'est reconnu", _instead("pass")),
    },
    "no-endless-loop": {
        "an event of an object that nobody sets": fails(
            "`Pump.run`", _PUMP, _instead("from shop.pump import Pump", "Pump().run()")
        ),
        "an event of an object that a signal sets": established(
            "tâches", _PUMP, _instead("from shop.pump import Pump", "pump = Pump()", "pump.stop.set()", "pump.run()")
        ),
        "a property that is always true": fails(
            "`Job.run`", _job("True"), _instead("from shop.job import Job", "Job().run()")
        ),
        "a property that counts": established(
            "tâches", _job("self.turn < 9"), _instead("from shop.job import Job", "Job().run()")
        ),
        "one, with a break of another loop": fails(
            "`report`", _instead("while 1:", "    for i in (1, 2):", "        break")
        ),
        "left by a break": established("tâches", _instead("while True:", "    if day:", "        break")),
    },
    "no-result-wait": {
        "a method given to `map`": fails(
            "`report`", _instead("from celery.result import AsyncResult", "print(list(map(AsyncResult.get, day)))")
        ),
        "a method given to `partial`": fails(
            "`report`",
            _instead(
                "from functools import partial",
                "import celery.result",
                "wait = partial(celery.result.GroupResult.join, timeout=3)",
                "wait(day)",
            ),
        ),
        "another method given to `map`": established(
            "tâches", _instead("from celery.result import AsyncResult", "print(list(map(AsyncResult.forget, day)))")
        ),
        "the method of a dictionary given to `map`": established(
            "tâches", _instead("from celery.result import AsyncResult", "print(AsyncResult, list(map(dict.get, day)))")
        ),
        "by a name": fails("`report`", _instead("sent = send_mail.apply_async(args=[1])", "sent.get(timeout=10)")),
        "of a group": fails(
            "`report`",
            _instead("group(send_mail.s(i) for i in range(3))().join()"),
            Edit(TASKS, "import requests\n", "import requests\nfrom celery import group\n"),
        ),
        "one by one, in a function it calls": fails(
            "`write_report`, que `report` appelle",
            Edit(
                TASKS,
                "def write_report(day):\n",
                "def write_report(day):\n    waiting = [send_mail.delay(i) for i in range(3)]\n"
                "    for one in waiting:\n        one.get()\n",
            ),
        ),
        "polled": fails("`report`", _instead("sent = send_mail.delay(1)", "while not sent.ready():", "    pass")),
        "of a dictionary": established("tâches", _instead('{"a": 1}.get("a")', '", ".join(["a"])')),
    },
    "http-timeouts": {
        "none by a name": fails(
            "`deliver`",
            Edit(TASKS, "timeout=(5, 30)", "timeout=NEVER"),
            Edit(TASKS, "import requests\n", "import requests\n\nNEVER = None\n"),
        ),
        "none given to a client of httpx": fails(
            "`deliver`",
            Edit(TASKS, _POST, 'http.post("https://mail.internal/send")'),
            Edit(TASKS, "import requests\n", "import requests\nimport httpx\n\nhttp = httpx.Client(timeout=None)\n"),
        ),
        "a default for every socket": undetermined(
            "`socket.setdefaulttimeout`",
            Edit(TASKS, ", timeout=(5, 30))", ")"),
            Edit(TASKS, "import requests\n", "import requests\nimport socket\n\nsocket.setdefaulttimeout(5)\n"),
        ),
        "a default for every request of a session": undetermined(
            "remplace `http.request`",
            Edit(TASKS, _POST, 'http.post("https://mail.internal/send")'),
            Edit(
                TASKS, "import requests\n", "import requests\n\nhttp = requests.Session()\nhttp.request = within(5)\n"
            ),
        ),
        "none": fails("`deliver`, que `send_mail` appelle", Edit(TASKS, ", timeout=(5, 30))", ")")),
        "none, in a receiver of a signal": fails(
            "`told`, que le signal `task_prerun` lance autour de `",
            Edit(
                TASKS,
                "import requests\n",
                "import requests\nfrom celery.signals import task_prerun\n\n\n@task_prerun.connect\n"
                'def told(**kwargs):\n    requests.post("https://jobs.internal/started")\n\n\n',
            ),
        ),
        "session": fails(
            "`deliver`",
            Edit(TASKS, _POST, 'http.post("https://mail.internal/send", json={"order": order_id})'),
            Edit(
                TASKS,
                "from shop.celery_app import app\n",
                "from shop.celery_app import app\n\nhttp = requests.Session()\n",
            ),
        ),
        "urllib": fails(
            "`deliver`",
            Edit(TASKS, _POST, 'urlopen("https://mail.internal/send")'),
            Edit(TASKS, "import requests\n", "import requests\nfrom urllib.request import urlopen\n"),
        ),
        "none given to httpx": fails(
            "`deliver`",
            Edit(TASKS, _POST, 'httpx.post("https://mail.internal/send", timeout=None)'),
            Edit(TASKS, "import requests\n", "import requests\nimport httpx\n"),
        ),
        "httpx by default": established(
            "tâches",
            Edit(TASKS, _POST, 'httpx.post("https://mail.internal/send")'),
            Edit(TASKS, "import requests\n", "import requests\nimport httpx\n"),
        ),
        "a default for every request, by replacing what sends them": undetermined(
            "remplace `HTTPAdapter.send`", Edit(TASKS, ", timeout=(5, 30))", ")"), _PATCHED
        ),
        "a default for every request, by replacing what asks": undetermined(
            "remplace `requests.Session.request`",
            Edit(TASKS, ", timeout=(5, 30))", ")"),
            Edit(TASKS, "import requests\n", "import requests\n\nrequests.Session.request = sent_within_30_seconds\n"),
        ),
        "a default for requests, which urllib does not have": fails(
            "`deliver`",
            Edit(TASKS, _POST, 'urlopen("https://mail.internal/send")'),
            Edit(TASKS, "import requests\n", "import requests\nfrom urllib.request import urlopen\n"),
            _PATCHED,
        ),
        "no request": not_concerned(
            "aucun client HTTP connu",
            Edit(TASKS, _POST, "print(order_id)"),
            Edit(TASKS, "import requests\n", ""),
        ),
        "a library, in ways that nobody knows": undetermined(
            "`requests` est employé dans `shop/tasks.py`", Edit(TASKS, _POST, "send(requests, order_id)")
        ),
    },
}
CASES = (
    *(Case("no-endless-loop", name, *fails("`report`", _WATCH, _instead(*lines))) for name, *lines in _ENDLESS),
    *(Case("no-endless-loop", name, *established("tâches", _WATCH, _instead(*lines))) for name, *lines in _ENDING),
    *(
        Case(
            "http-timeouts",
            f"{name}, in a module beside one that is sound",
            *undetermined(
                "`httpx` est employé dans `shop/mail.py`",
                Edit("shop/mail.py", "", f"import httpx\n\n\ndef send(url, verb):\n    {line}\n"),
                _instead("from shop.mail import send", "send(day, 'get')"),
            ),
        )
        for name, line in (
            ("a request given away", "list(map(httpx.get, [url]))"),
            ("a client given away", "relay(httpx, verb, url)"),
        )
    ),
    *(
        Case(
            "http-timeouts",
            f"{name}, in a module beside one that is sound",
            *established(
                "tâches",
                Edit("shop/mail.py", "", f"import {library}\n\n\ndef send(url, verb):\n    {line}\n"),
                _instead("from shop.mail import send", "send(day, 'get')"),
            ),
        )
        for name, library, line in (
            ("a request", "httpx", "httpx.get(url, timeout=5)"),
            ("a name computed", "httpx", "getattr(httpx, verb)(url)"),
            ("a table", "httpx", "{'get': httpx.get}[verb](url)"),
            ("another library", "json", "json.dumps(url)"),
        )
    ),
    *(
        Case(
            "no-result-wait",
            name,
            *(fails if waits else established)(
                "`report`" if waits else "tâches",
                Edit("shop/gather.py", "", f"def gather(given):\n    {line}\n"),
                _instead("from shop.gather import gather", f"gather({given})"),
            ),
        )
        for waits, name, line, given in (
            (True, "in a function that is given it", "return given.get(timeout=30)", "send_mail.delay(1)"),
            (
                True,
                "each of a list that is given",
                "return [g.get() for g in given]",
                "[send_mail.delay(n) for n in day]",
            ),
            (True, "by a lambda", "return list(map(lambda g: g.get(), given))", "[send_mail.delay(n) for n in day]"),
            (True, "until it is ready", "while not given.ready():\n        print(1)", "send_mail.delay(1)"),
            (False, "its name, in a function that is given it", "return given.id", "send_mail.delay(1)"),
            (False, "a dictionary that is given", "return given.get('a')", "{'a': send_mail.delay(1).id}"),
            (False, "another value by the name", "given = {}\n    return given.get('a')", "send_mail.delay(1)"),
        )
    ),
)
