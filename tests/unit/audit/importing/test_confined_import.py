"""What a target does at import reaches neither the network, nor the disk, nor the report."""

import ctypes
import socket
import textwrap
from pathlib import Path

import psutil
import pytest

from audit.importing.configuration_probe import collect
from audit.importing.isolation import SOCKET_GUARD, strongest_isolation
from tests.unit.audit.importing.small_targets import CELERY, Make, celery


def landlock() -> bool:
    return int(ctypes.CDLL(None).syscall(444, None, 0, 1)) > 0


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
