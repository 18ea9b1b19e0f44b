"""The configuration probe on small real targets, each run in a real interpreter."""

import ctypes
import os
import socket
import stat
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from audit.importing.configuration_probe import collect
from audit.importing.isolation import SOCKET_GUARD, strongest_isolation
from audit.model.facts import Facts
from audit.model.findings import Level
from audit.target.target_file import Target

CELERY = """
    from celery import Celery
    app = Celery("small", broker="redis://user:hunter2@broker.example:6379/0")
"""

Make = Callable[..., Target]


def landlock() -> bool:
    return int(ctypes.CDLL(None).syscall(444, None, 0, 1)) > 0


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A target whose files are given by name: `make({"work.py": "..."}, celery_app="work:app")`."""

    def made(files: dict[str, str], **fields: str) -> Target:
        root = tmp_path / "target"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return Target(name="small", root=root, **fields)  # type: ignore[arg-type]

    return made


def celery(make: Make, text: str, **others: str) -> Facts:
    return collect(make({"work.py": textwrap.dedent(CELERY) + textwrap.dedent(text), **others}, celery_app="work:app"))


def test_settings_tasks_and_beat_are_those_celery_would_use(make: Make) -> None:
    facts = celery(
        make,
        """
        from datetime import timedelta
        from celery.schedules import crontab, schedule
        from kombu import Queue
        app.conf.update(
            task_acks_late=True, worker_concurrency=2 + 2, task_queues=[Queue("low"), Queue("high")],
            task_routes={"work.routed": {"queue": "high"}},
            redis_backend_health_check_interval=timedelta(seconds=1.5),
            beat_schedule={
                "a": {"task": "work.send", "schedule": 120, "options": {"queue": "high"}},
                "b": {"task": "work.send", "schedule": timedelta(minutes=5)},
                "c": {"task": "work.send", "schedule": crontab(minute=0, hour="1, 2")},
                "d": {"task": "work.send", "schedule": schedule(run_every=60)},
            },
        )
        @app.task(bind=True, max_retries=3, autoretry_for=(OSError,), queue="low")
        def send(self, message_id: int, template=None, *, mark: "Unknown" = 5): ...
        @app.task(acks_late=False)
        def routed(): ...
        """,
    )
    assert (facts.failure, facts.failures, facts.level) == ("", (), Level.CONFIGURATION)
    assert facts.settings["task_acks_late"].value is True
    assert facts.settings["task_reject_on_worker_lost"].value is None
    assert facts.settings["worker_concurrency"].value == 4
    assert facts.settings["task_queues"].value == ["low", "high"]
    assert facts.settings["redis_backend_health_check_interval"].value == 1.5
    assert facts.settings["broker_url"].value == "redis://***@broker.example:6379/0"
    assert [(t.name, t.symbol) for t in facts.tasks] == [("work.routed", "work:routed"), ("work.send", "work:send")]
    routed, send = facts.tasks
    assert (routed.options["bind"], routed.options["acks_late"], routed.options["queue"]) == (False, False, "high")
    assert (send.options["bind"], send.options["acks_late"], send.options["queue"]) == (True, True, "low")
    assert (send.options["max_retries"], send.options["autoretry_for"]) == (3, ["builtins:OSError"])
    shown = [(p.name, p.annotation, p.default) for p in facts.functions["work:send"].parameters]
    assert shown[0] == ("self", "", "")
    assert shown[2:] == [("template", "", "None"), ("mark", "Unknown", "5")]
    assert [(e.name, e.seconds, e.crontab) for e in facts.beat] == [
        ("a", 120.0, ""),
        ("b", 300.0, ""),
        ("c", None, "0 1,2 * * *"),
        ("d", 60.0, ""),
    ]
    assert facts.beat[0].options == {"queue": "high"}
    assert facts.beat_known
    assert not facts.routes_known
    assert facts.versions["celery"].startswith("5.")
    assert facts.versions["python"] == ".".join(map(str, sys.version_info[:3]))


def test_facts_are_the_same_from_one_run_to_the_next(make: Make) -> None:
    target = make(
        {"work.py": CELERY + "    app.conf.task_annotations = [object(), {1, 2, 3}]\n"}, celery_app="work:app"
    )
    assert collect(target).digest == collect(target).digest


def test_task_modules_named_by_include_are_imported(make: Make) -> None:
    others = {"jobs.py": "from work import app\n@app.task\ndef job(): ...\n"}
    facts = celery(make, "app.conf.include = ['jobs']", **others)
    assert [t.name for t in facts.tasks] == ["jobs.job"]


def test_a_task_module_that_fails_leaves_the_settings(make: Make) -> None:
    others = {"jobs.py": "1 / 0\n", "fine.py": "from work import app\n@app.task\ndef job(): ...\n"}
    facts = celery(make, "app.conf.include = ['jobs', 'fine']\napp.conf.task_acks_late = True", **others)
    assert facts.failure == ""
    assert [t.name for t in facts.tasks] == ["fine.job"]
    assert facts.settings["task_acks_late"].value is True
    assert facts.failures == (
        "L'import de « jobs » a échoué : ZeroDivisionError : division by zero (jobs.py, ligne 1).",
    )


def test_modules_are_discovered_as_celery_does(make: Make) -> None:
    others = {"shop/__init__.py": "", "shop/tasks.py": "from work import app\n@app.task\ndef buy(): ...\n"}
    assert [t.name for t in celery(make, "app.autodiscover_tasks(['shop'])", **others).tasks] == ["shop.tasks.buy"]
    others["shop/tasks.py"] = "raise OSError('no shop')"
    facts = celery(make, "app.autodiscover_tasks(['shop'])", **others)
    assert facts.failures == (
        "La découverte des modules de tâches a échoué : OSError : no shop (shop/tasks.py, ligne 1).",
    )
    assert facts.settings


def test_half_a_configuration_is_not_reported(make: Make) -> None:
    text = """
    import os
    app.conf.task_acks_late = True
    app.add_defaults(lambda: {"broker_url": os.environ["SMALL_URL"]})
    """
    target = make(
        {"work.py": CELERY.replace(', broker="redis://user:hunter2@broker.example:6379/0"', "") + text},
        celery_app="work:app",
    )
    missing = "La lecture des réglages Celery a échoué : la variable d'environnement « SMALL_URL » n'est pas définie (work.py, ligne 7)."
    facts = collect(target)
    assert (facts.failure, facts.settings, facts.beat_known) == (missing, {}, False)
    told = collect(replace(target, environment=("SMALL_URL=redis://small=1/0",)))
    assert told.settings["broker_url"].value == "redis://small=1/0"


@pytest.mark.parametrize("entry", ["SMALL_URL", "=x", ""])
def test_an_environment_that_cannot_be_read_is_told(make: Make, entry: str) -> None:
    facts = collect(replace(make({"work.py": CELERY}, celery_app="work:app"), environment=("A=1", entry)))
    assert facts.failure == "Une entrée de `target.environment` n'a pas la forme « NOM=valeur »."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("app.conf.beat_scheduler = 'redbeat.RedBeatScheduler'", "beat utilise « redbeat.RedBeatScheduler »"),
        (
            "app.conf.beat_schedule = {'s': {'task': 't', 'schedule': __import__('celery.schedules').schedules.BaseSchedule()}}",
            "la périodicité de « s »",
        ),
        ("app.conf.beat_schedule = {'s': {'task': 't', 'schedule': True}}", "la périodicité de « s »"),
    ],
)
def test_a_schedule_not_wholly_in_the_configuration_is_not_called_known(make: Make, text: str, reason: str) -> None:
    facts = celery(make, text)
    assert not facts.beat_known
    assert reason in facts.failures[0]


def test_beat_entries_added_by_a_signal_are_seen(make: Make) -> None:
    facts = celery(
        make,
        """
        @app.task
        def tick(): ...
        @app.on_after_finalize.connect
        def add(sender, **_): sender.add_periodic_task(30.0, tick.s(), name="every 30")
        """,
    )
    assert [(e.name, e.task, e.seconds) for e in facts.beat] == [("every 30", "work.tick", 30.0)]


ROUTES = """
    from typing import Annotated
    from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Request, Security, WebSocket
    from fastapi.security import OAuth2PasswordBearer
    from starlette.routing import Mount, Route

    bearer = OAuth2PasswordBearer(tokenUrl="t")
    def get_current_user(token: Annotated[str, Depends(bearer)]): ...
    def get_session(user=Depends(get_current_user)): ...
    def get_service(session=Depends(get_session)): ...
    class Guard:
        def __call__(self, request: Request): ...
    class Pager:
        def __init__(self, page: int = 0): ...
    def of_router(): ...
    def of_inclusion(): ...
    def of_application(): ...
    def of_decorator(): ...

    inner = APIRouter(prefix="/inner", dependencies=[Depends(of_router)])
    @inner.post("/hook", dependencies=[Depends(of_decorator)])
    async def hook(background: BackgroundTasks, service=Depends(get_service)): ...
    @inner.api_route("/both", methods=["GET", "PUT"])
    async def both(pager: Annotated[Pager, Depends()], who=Security(get_current_user)): ...
    outer = APIRouter(prefix="/outer")
    outer.include_router(inner, dependencies=[Depends(of_inclusion)])
    async def plain(request): ...
    sub = FastAPI()
    @sub.get("/leaf")
    def leaf(guard=Depends(Guard())): ...

    def create_app():
        app = FastAPI(dependencies=[Depends(of_application)])
        app.include_router(outer, prefix="/v1")
        app.mount("/sub", sub)
        app.router.routes.append(Mount("/raw", routes=[Route("/plain", plain)]))
        @app.get("/open")
        def free(): ...
        @app.websocket("/ws")
        async def live(socket: WebSocket): ...
        return app
"""


def test_routes_carry_their_dependencies_at_any_depth(make: Make) -> None:
    facts = collect(make({"site_.py": ROUTES}, asgi_app="site_:create_app"))
    assert facts.failures == ()
    assert facts.routes_known
    seen = {(r.method, r.path): (r.endpoint, set(r.dependencies)) for r in facts.routes}
    around = {"site_:of_application", "site_:of_inclusion", "site_:of_router"}
    user = {"site_:get_current_user", "fastapi.security.oauth2:OAuth2PasswordBearer"}
    assert seen == {
        ("POST", "/v1/outer/inner/hook"): (
            "site_:hook",
            around | user | {"site_:of_decorator", "site_:get_service", "site_:get_session"},
        ),
        ("GET", "/v1/outer/inner/both"): ("site_:both", around | user | {"site_:Pager"}),
        ("PUT", "/v1/outer/inner/both"): ("site_:both", around | user | {"site_:Pager"}),
        ("GET", "/sub/leaf"): ("site_:leaf", {"site_:Guard"}),
        ("GET", "/raw/plain"): ("site_:plain", set()),
        ("GET", "/open"): ("site_:create_app.<locals>.free", {"site_:of_application"}),
        ("WEBSOCKET", "/ws"): ("site_:create_app.<locals>.live", {"site_:of_application"}),
    }
    hook = facts.functions["site_:hook"].parameters
    assert [(p.name, p.annotation, p.depends) for p in hook] == [
        ("background", "BackgroundTasks", ""),
        ("service", "", "site_:get_service"),
    ]
    both = facts.functions["site_:both"].parameters
    assert [p.depends for p in both] == ["site_:Pager", "site_:get_current_user"]


def test_routes_before_included_routers_existed_are_walked_plainly(make: Make) -> None:
    old = "import fastapi.routing\ndel fastapi.routing.iter_route_contexts\n"
    text = """
    from fastapi import Depends, FastAPI
    def get_current_user(): ...
    app = FastAPI()
    @app.get("/me")
    def me(user=Depends(get_current_user)): ...
    """
    facts = collect(make({"site_.py": old + textwrap.dedent(text)}, asgi_app="site_:app"))
    assert [(r.path, r.dependencies) for r in facts.routes] == [("/me", ("site_:get_current_user",))]


def test_an_application_behind_middleware_is_read(make: Make) -> None:
    text = """
    from fastapi import FastAPI
    from starlette.middleware.gzip import GZipMiddleware
    inner = FastAPI()
    @inner.get("/a")
    def a(): ...
    app = GZipMiddleware(inner)
    """
    facts = collect(make({"site_.py": text}, asgi_app="site_:app"))
    assert [r.path for r in facts.routes] == ["/a"]


@pytest.mark.parametrize(
    ("asgi_app", "said"),
    [
        ("site_:broken", "L'appel de « site_:broken() » a échoué : ValueError : no database (site_.py, ligne 3)."),
        ("site_:number", "« site_:number », de type int, n'a pas de routes lisibles : ni FastAPI ni Starlette."),
        ("site_:raw", "« site_:raw », de type function, n'a pas de routes lisibles : ni FastAPI ni Starlette."),
        ("site_:nothing", "Le module « site_ » n'a pas d'attribut « nothing » (`target.asgi_app`)."),
        ("elsewhere:app", "Le module « elsewhere » de `target.asgi_app` est introuvable dans"),
        ("Strange.routes", "`target.asgi_app` vaut « Strange.routes » : la forme attendue est « module:attribut »."),
        ("site_:Odd", "La lecture des routes de « site_:Odd » a échoué : TypeError"),
    ],
)
def test_an_asgi_application_that_fails_leaves_the_celery_part(make: Make, asgi_app: str, said: str) -> None:
    site = """
    def broken():
        raise ValueError("no database")
    number = 5
    async def raw(scope, receive, send): ...
    class Odd:
        routes = [type("R", (), {"endpoint": len, "methods": 5})()]
    """
    target = make({"work.py": CELERY, "site_.py": site}, celery_app="work:app", asgi_app=asgi_app)
    facts = collect(target)
    assert facts.failure == ""
    assert facts.settings
    assert not facts.routes_known
    assert facts.failures[0].startswith(said)


def test_a_celery_application_that_fails_leaves_the_routes(make: Make) -> None:
    site = "from fastapi import FastAPI\napp = FastAPI()\n"
    facts = collect(make({"site_.py": site}, celery_app="missing.tasks:app", asgi_app="site_:app"))
    assert facts.failure == ""
    assert facts.routes_known
    assert "Le module « missing » de `target.celery_app` est introuvable" in facts.failures[0]


FAILURES = {
    "exit at import": ("import sys\nsys.exit('no settings')", "le code a appelé exit(no settings) (work.py, ligne 2)."),
    "missing dependency": (
        "\nimport nowhere_at_all",
        "le module « nowhere_at_all » manque à l'interpréteur (work.py, ligne 2).",
    ),
    "missing variable": (
        "import os\nos.environ['SMALL_URL']",
        "la variable d'environnement « SMALL_URL » n'est pas définie (work.py, ligne 2).",
    ),
    "missing settings": (
        "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    small_url: str\nS()",
        "des réglages obligatoires manquent dans l'environnement : small_url (work.py, ligne 4).",
    ),
    "wrong settings": (
        "from pydantic import BaseModel\nclass S(BaseModel):\n    n: int\nS(n='x')",
        "ValidationError : 1 validation error for S (work.py, ligne 4).",
    ),
    "syntax error": ("x = 1\ndef (", "SyntaxError : invalid syntax (work.py, ligne 2)."),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt (work.py, ligne 1)."),
    "unreadable error": (
        "class E(Exception):\n    def __str__(self): raise ValueError\nraise E",
        "E : E (work.py, ligne 3).",
    ),
    "secret in the error": (
        "raise ValueError('cannot reach postgres://me:hunter2@db/x with token=abcdef')",
        "ValueError : cannot reach postgres://***@db/x with token=*** (work.py, ligne 1).",
    ),
}


@pytest.mark.parametrize(("text", "said"), FAILURES.values(), ids=FAILURES)
def test_an_import_that_fails_is_told_in_one_sentence(make: Make, text: str, said: str) -> None:
    facts = collect(make({"work.py": text}, celery_app="work:app"))
    assert facts.failure == f"L'import de « work » a échoué : {said}"
    assert (facts.settings, facts.tasks, facts.beat_known, facts.routes_known) == ({}, (), False, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("app = 5", "« work:app » est de type int, ce n'est pas une application Celery."),
        ("def app(): ...", "« work:app » est de type function, ce n'est pas une application Celery."),
        ("def __getattr__(name): raise ValueError(name)", "La lecture de « work:app » a échoué : ValueError"),
        ("import os\nos._exit(7)", "L'import de « work » a échoué : l'interpréteur s'est arrêté (code 7)."),
        ("import os\nos._exit(0)", "L'import de « work » a échoué : l'interpréteur s'est arrêté (code 0)."),
        (
            "import ctypes\nctypes.string_at(0)",
            "L'import de « work » a échoué : l'interpréteur s'est arrêté (signal SIGSEGV)",
        ),
    ],
)
def test_what_is_no_application_or_dies_is_told(make: Make, text: str, said: str) -> None:
    assert collect(make({"work.py": text}, celery_app="work:app")).failure.startswith(said)


def test_an_import_that_never_ends_is_stopped_with_what_it_started(make: Make) -> None:
    text = """
    import subprocess, sys
    subprocess.Popen(["sleep", "271828"], start_new_session=True)
    while True: pass
    """
    facts = collect(make({"work.py": text}, celery_app="work:app"), deadline_seconds=3)
    assert facts.failure == "L'import de « work » dure plus de 3\u00a0s : arrêt forcé."
    if strongest_isolation().prefix[-2:-1] == ("--kill-child",):
        assert not [p for p in psutil.process_iter(["cmdline"]) if "271828" in (p.info["cmdline"] or ())]


def test_a_web_import_that_never_ends_leaves_the_celery_part(make: Make) -> None:
    target = make({"work.py": CELERY, "site_.py": "while True: pass"}, celery_app="work:app", asgi_app="site_:app")
    facts = collect(target, deadline_seconds=6)
    assert facts.failure == ""
    assert facts.settings
    assert facts.failures == ("L'import de « site_ » dure plus de 6\u00a0s : arrêt forcé.",)


def test_a_thread_or_a_fork_that_stays_does_not_hold_the_probe(make: Make) -> None:
    facts = celery(
        make,
        """
        import os, threading
        if os.fork() == 0:
            threading.Event().wait()
        threading.Thread(target=threading.Event().wait).start()
        """,
    )
    assert facts.failure == ""
    assert facts.settings


def test_prints_do_not_reach_the_report(make: Make) -> None:
    facts = celery(
        make,
        """
        import os, sys
        print('{"kind": "end"}', flush=True)
        sys.stderr.write("noise" * 100_000)
        os.write(1, b"\\xff\\x00")
        """,
    )
    assert facts.failures == ()
    assert facts.settings


@pytest.mark.parametrize(
    "text", ["import os\nfor n in range(3, 64):\n    try: os.write(n, b'garbage\\n')\n    except OSError: pass\n"]
)
def test_garbage_in_the_report_is_a_failure(make: Make, text: str) -> None:
    facts = collect(make({"work.py": text}, celery_app="work:app"))
    assert facts.failure == "L'import de « work » a produit une sortie illisible."


@pytest.mark.parametrize(
    "record", ["{}", '{"kind": "beat"}', '{"kind": "task", "name": 1, "options": 0, "function": 3}']
)
def test_a_forged_record_is_a_failure(make: Make, record: str) -> None:
    text = f"import os\nfor n in range(3, 64):\n    try: os.write(n, b'{record}\\n')\n    except OSError: pass\n"
    facts = collect(make({"work.py": text}, celery_app="work:app"))
    assert facts.failure == "L'interpréteur de la cible a produit une sortie illisible."


def test_a_flood_is_stopped(make: Make) -> None:
    text = "import os\nwhile True:\n  for n in range(3, 64):\n    try: os.write(n, b' ' * 60_000)\n    except OSError: pass\n"
    facts = collect(make({"work.py": text}, celery_app="work:app"))
    assert facts.failure == "L'import de « work » a produit une sortie illisible."


NETWORK = """
    import socket
    refused = 0
    for destination in (("127.0.0.1", {port}), "/tmp/any.sock"):
        family = socket.AF_UNIX if isinstance(destination, str) else socket.AF_INET
        try:
            socket.socket(family).connect(destination)
        except OSError:
            refused += 1
    try:
        socket.getaddrinfo("broker.example", 6379)
    except socket.gaierror:
        refused += 1
    socket.getaddrinfo("localhost", 80)
    socket.getaddrinfo("127.0.0.1", 80)
    app.conf.worker_concurrency = refused
"""


@pytest.mark.parametrize("guarded", [True, False])
def test_no_connection_is_made_at_import_and_each_attempt_is_told(make: Make, guarded: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        target = make({"work.py": CELERY + NETWORK.format(port=port)}, celery_app="work:app")
        facts = collect(target, isolation=SOCKET_GUARD if guarded else None)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert facts.settings["worker_concurrency"].value == 3
    assert facts.versions["isolation"].startswith("garde de sockets" if guarded else strongest_isolation().name)
    told = [f"127.0.0.1:{port}", "/tmp/any.sock", "broker.example"]
    assert facts.failures == tuple(f"L'import a tenté de joindre « {d} » : la sonde l'a refusé." for d in told)


@pytest.mark.skipif(not strongest_isolation().prefix, reason="no network namespace can be had here")
def test_a_namespace_also_stops_what_python_does_not_see(make: Make) -> None:
    text = """
    import subprocess
    app.conf.worker_concurrency = subprocess.run(["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/{port}"]).returncode
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        facts = celery(make, text.format(port=server.getsockname()[1]))
    assert facts.settings["worker_concurrency"].value == 1


def test_marks_go_to_a_directory_that_disappears(make: Make, tmp_path: Path) -> None:
    text = """
    import os, pathlib, tempfile
    pathlib.Path("mark").write_text("here")
    pathlib.Path.home().joinpath("mark2").write_text("here")
    handle, name = tempfile.mkstemp()
    app.conf.update(worker_log_format=os.getcwd() + "|" + name + "|" + str(pathlib.Path.home()))
    """
    facts = celery(make, text)
    cwd, name, home = str(facts.settings["worker_log_format"].value).split("|")
    assert cwd == home
    assert Path(name).parent == Path(cwd)
    assert not Path(cwd).exists()
    assert not {"mark", "mark2"} & {p.name for p in Path.cwd().iterdir()}
    assert [p.name for p in (tmp_path / "target").rglob("*")] == ["work.py"]


DEPRECATED = """
    import warnings
    from datetime import datetime
    from pydantic import BaseModel
    class Old(BaseModel):
        class Config:
            frozen = True
    for _ in range(3):
        warnings.warn("token=abcdef is old", FutureWarning)
    warnings.warn("not about age")
"""


@pytest.mark.skipif(not landlock(), reason="this kernel has no Landlock")
@pytest.mark.parametrize(
    "statement",
    [
        "open(there + '/new', 'w')",
        "os.open(there + '/new', os.O_CREAT | os.O_WRONLY)",
        "open(there + '/kept', 'a')",
        "os.truncate(there + '/kept', 0)",
        "os.rename(there + '/kept', there + '/moved')",
        "os.remove(there + '/kept')",
        "os.mkdir(there + '/folder')",
        "os.symlink('/', there + '/link')",
        "subprocess.run(['sh', '-c', 'echo x > ' + there + '/new'], check=True)",
        "ctypes.CDLL(None).unlink((there + '/kept').encode())",
        "sqlite3.connect(there + '/new').execute('create table t (a)')",
    ],
)
def test_nothing_is_written_outside_the_temporary_directory(make: Make, tmp_path: Path, statement: str) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "kept").write_text("kept", encoding="utf-8")
    tried = f"import ctypes, os, sqlite3, subprocess\nthere = {str(there)!r}\ntry:\n    {statement}\nexcept Exception:\n    pass\n"
    inside = "open('here', 'w').close()\nos.rename('here', 'moved')\n"
    target = make({"work.py": tried + inside + textwrap.dedent(CELERY)}, celery_app="work:app")
    facts = collect(target)
    assert facts.failure == ""
    assert facts.versions["isolation"].endswith("écritures confinées")
    assert [path.name for path in there.iterdir()] == ["kept"]
    assert (there / "kept").read_text(encoding="utf-8") == "kept"


def test_deprecations_warned_about_at_import_are_quoted(make: Make) -> None:
    facts = celery(make, DEPRECATED)
    assert len(facts.deprecations) == 2
    model, future = facts.deprecations
    assert "PydanticDeprecatedSince20" in model.what
    assert model.excerpt is not None
    assert (model.excerpt.path, model.excerpt.text) == ("work.py", "class Old(BaseModel):")
    assert future.what == "Avertissement `FutureWarning` à l'import : token=*** is old"
    assert future.excerpt is not None
    assert future.excerpt.text == '    warnings.warn("token=*** is old", FutureWarning)'


def test_warnings_of_others_are_not_quoted(make: Make) -> None:
    text = """
    import warnings
    for path, line in (("/usr/lib/x.py", 1), (__file__, 9999), ("missing.py", 1)):
        warnings.warn_explicit(f"old {line} {path[:2]}", DeprecationWarning, path, line)
    """
    facts = celery(make, text)
    assert [d.excerpt for d in facts.deprecations] == [None, None, None]


def test_secrets_never_leave_the_probe(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALL_API_TOKEN", "tok-9876543210")
    facts = celery(
        make,
        """
        import os
        app.conf.update(
            result_backend="db+postgresql://u:hunter2@db/x", redis_username="ann", redis_password="hunter2",
            broker_transport_options={"sentinel_kwargs": {"password": "hunter2"}, "global_keyprefix": "small"},
            worker_log_format="key " + os.environ["SMALL_API_TOKEN"],
        )
        @app.task
        def send(api_token="hunter2"): ...
        """,
    )
    assert facts.settings["result_backend"].value == "db+postgresql://***@db/x"
    assert facts.settings["broker_transport_options"].value == {
        "sentinel_kwargs": {"password": "***"},
        "global_keyprefix": "small",
    }
    assert facts.settings["worker_log_format"].value == "key ***"
    assert "hunter2" not in repr(facts)
    assert "tok-9876543210" not in repr(facts)


def test_the_targets_own_names_are_not_hidden_by_the_harness(make: Make) -> None:
    others = dict.fromkeys(
        ("inside/__init__.py", "audit/__init__.py", "main.py", "report.py", "routes.py"), "here = True\n"
    )
    text = (
        "import audit, inside, main, report, routes\nassert all(m.here for m in (audit, inside, main, report, routes))"
    )
    assert celery(make, text, **others).failure == ""


def test_the_targets_interpreter_is_used_as_written(make: Make) -> None:
    target = make({"work.py": CELERY}, celery_app="work:app", python="env/bin/python")
    wrapper = target.root / "env/bin/python"
    wrapper.parent.mkdir(parents=True)
    wrapper.write_text(f'#!/bin/sh\nSMALL_MARK=wrapped exec "{sys.executable}" "$@"\n')
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    (target.root / "work.py").write_text("import os\nraise ValueError(os.environ['SMALL_MARK'])")
    assert "ValueError : wrapped" in collect(target).failure
    assert "ValueError : wrapped" not in collect(replace(target, python=Path(sys.executable).name)).failure


def test_an_interpreter_that_cannot_be_used_is_told(make: Make) -> None:
    target = make(
        {"work.py": CELERY, "notpython": "#!/bin/sh\necho broken >&2\nexit 3\n"},
        celery_app="work:app",
        python="none/python",
    )
    assert collect(target).failure == "L'interpréteur « none/python » de `target.python` est introuvable."
    script = target.root / "notpython"
    script.chmod(0o755)
    broken = collect(replace(target, python="./notpython")).failure
    assert broken == "Le démarrage de l'interpréteur a échoué : l'interpréteur s'est arrêté (code 3), broken."
    script.write_bytes(b"\x7fELF broken")
    odd = collect(replace(target, python="./notpython"), isolation=SOCKET_GUARD).failure
    assert odd.endswith("ne démarre pas : Exec format error.")


def test_without_celery_in_the_interpreter_the_module_is_named(make: Make) -> None:
    hidden = "import sys\nsys.modules['celery'] = None\nimport celery"
    facts = collect(make({"work.py": hidden}, celery_app="work:app"))
    assert (
        facts.failure
        == "L'import de « work » a échoué : le module « celery » manque à l'interpréteur (work.py, ligne 3)."
    )


def test_without_celery_in_the_interpreter_anything_else_is_no_application(make: Make) -> None:
    facts = collect(make({"work.py": "import sys\nsys.modules['celery'] = None\napp = 5"}, celery_app="work:app"))
    assert facts.failure.startswith("Celery ne s'importe pas dans l'interpréteur de la cible : ")


def test_without_anything_declared_there_is_nothing_to_import(make: Make) -> None:
    os.makedirs(make({}).root, exist_ok=True)  # noqa: PTH103
    assert "il n'y a rien à importer" in collect(make({})).failure
