"""Targets that would harm whoever imports them, or that no reader should trust."""

import os
import socket
import time
from pathlib import Path

import pytest

from audit.model.facts import Facts
from audit.model.word_tables import word_list
from audit.reading import collect
from audit.reading.deployment.deployment_facts import asks_for_life, leaves_a_worker
from audit.target.target_file import Target
from tests.unit.audit.reading.collecting import Collect


def _read(root: Path, **target: str) -> Facts:
    return collect(Target(name="t", root=root, **target))  # type: ignore[arg-type]


def test_nothing_of_the_target_runs(tmp_path: Path) -> None:
    root = tmp_path / "target"
    root.mkdir()
    mark = tmp_path / "mark"
    trap = f"import pathlib\npathlib.Path({str(mark)!r}).write_text('ran')\n"
    for name in word_list("conftest.py jinja2.py celery.py yaml.py tree_sitter.py sitecustomize.py setup.py app.py"):
        (root / name).write_text(trap)
    (root / "start.sh").write_text(f"touch {mark}\n$(touch {mark})\n`touch {mark}`\n")
    (root / "compose.yaml").write_text(f"services: !!python/object/apply:os.system ['touch {mark}']\n")
    before = sorted(p.name for p in root.iterdir())
    facts = _read(root, celery_app="app", asgi_app="app:app")
    assert not mark.exists()
    assert sorted(p.name for p in root.iterdir()) == before
    assert "app:nothing" not in facts.functions


def test_files_that_cannot_be_read_are_told_with_the_reason(tmp_path: Path) -> None:
    root = tmp_path / "target"
    root.mkdir()
    (tmp_path / "outside.py").write_text("def secret(): ...")
    (root / "out.py").symlink_to(tmp_path / "outside.py")
    (root / "loop.py").symlink_to(root / "loop.py")
    (root / "up").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.py")
    (root / "big.py").write_bytes(b"#" * 2_000_001)
    (root / "wrong.py").write_text("def f(:\n")
    (root / "null.py").write_bytes(b"x = 1\0")
    (root / "bytes.py").write_bytes(b"x = '\xff'")
    (root / "lost.py").write_bytes(b"# -*- coding: nowhere -*-\n")
    (root / "deep.py").write_text("x = " + "-" * 100_000 + "1")
    (root / "fine.py").write_text("def f(): ...")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(root / "s.py"))
        facts = _read(root)
    assert set(facts.functions) == {"fine:f"}
    reasons = dict(facts.unread)
    assert set(reasons) == {
        "out.py", "loop.py", "up", "pipe.py", "big.py", "wrong.py", "null.py", "bytes.py", "lost.py", "deep.py", "s.py",
    }  # fmt: skip
    assert all(reasons.values())
    assert len(facts.digest) == 64


def test_encodings_marks_and_line_ends(tmp_path: Path) -> None:
    (tmp_path / "latin.py").write_bytes("# coding: latin-1\ndef é(): ...\n".encode("latin-1"))
    (tmp_path / "bom.py").write_bytes(b"\xef\xbb\xbfdef bom(): ...\n")
    (tmp_path / "dos.py").write_bytes(b"x = 1\r\ndef dos():\r\n    y()\x0c\r\n")
    (tmp_path / "old.py").write_bytes(b"x = '\\d'\rdef old(): ...\r")
    (tmp_path / b"n\xff.py".decode("utf-8", "surrogateescape")).write_text("def odd(): ...")
    facts = _read(tmp_path)
    assert {"latin:é", "bom:bom", "dos:dos", "old:old"} <= set(facts.functions)
    body = facts.functions["dos:dos"].body
    assert body is not None
    assert (body.first_line, body.text) == (2, "def dos():\n    y()\x0c")
    assert facts.unread == ()
    assert len(facts.digest) == 64


def test_environments_caches_and_excluded_folders_are_left_out(collect_tree: Collect) -> None:
    text = "def f(): ..."
    files = {
        ".venv/a.py": text,
        "env2/pyvenv.cfg": "",
        "env2/b.py": text,
        "node_modules/c.py": text,
        "old/d.py": text,
        "kept/e.py": text,
        "env/__init__.py": "",
        "env/settings.py": text,
    }
    facts = collect_tree(files, exclude=("old/",))
    assert set(facts.functions) == {"kept.e:f", "env.settings:f"}
    assert facts.unread == (("old", "exclusion par la description de la cible"),)


def test_a_link_inside_the_target_is_followed_once(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f(): ...")
    (tmp_path / "b.py").symlink_to("a.py")
    (tmp_path / "sub").mkdir()
    (tmp_path / "again").symlink_to("sub")
    facts = _read(tmp_path)
    assert set(facts.functions) == {"a:f", "b:f"}
    assert facts.unread == ()


@pytest.mark.parametrize(
    "text",
    [
        "while True:\n    x = 1",
        "def f(): return f()\nx = f()",
        "def f(n): return f(n + 1) + f(n + 2)\nx = f(0)",
        "s = 'a'\nfor i in range(300):\n    s = s + s\n    t = f'{s}{s}'.replace('a', 'aa')",
        "x = []\nfor i in range(300):\n    x.extend(x)\n    x.append(x)",
        "x = [[[i for i in range(2000)] for j in range(2000)] for k in range(2000)]",
        "import b\nfrom b import *\nx = b.y",
        "class A(A): ...\nclass B(A): ...\nB().x",
        "if x:\n    pass\n" + "".join(f"elif x == {n}:\n    y = {n}\n" for n in range(900)),
        "x = " + " + ".join(["y"] * 900),
        "from . import nothing\nfrom ...... import far\nimport a.b.c",
        "x = {}\nx[x] = x\nx[[]] = 1\n",
        "x = {}\nx.get([])\nx.setdefault({}, 1)\nx.pop([])",
        "a, *b = c\n(d, e), f = 1, 2\ng = h = i\ndel g\nj: int\nj += 1\nj.k[0] = 1",
        "import sys\nsys.exit(3)\nx = 1",
        "raise SystemExit",
        "async def f():\n    async with a as b:\n        async for c in d:\n            await e\n        yield 1",
        "match a:\n    case {'x': b, **rest}: c = b\n    case [1, *d]: pass",
        "from celery import Celery\napp = Celery('a')\nx = []\nx.append(x)\napp.conf.update(imports=x)",
        "import os\nos.environ.setdefault(unknown(), 1)\nx: int = os.environ[1]",
    ],
)
def test_strange_programs_end_quickly(collect_tree: Collect, text: str) -> None:
    begun = time.monotonic()
    facts = collect_tree({"a.py": text, "b.py": "from a import *\ny = 1\ndef late(): ..."})
    assert "b:late" in facts.functions
    assert len(facts.digest) == 64
    assert time.monotonic() - begun < 10


def test_instructions_given_up_are_told(collect_tree: Collect) -> None:
    facts = collect_tree({"a.py": "x = 1\ny = [[i for i in range(2000)] for j in range(2000)]"})
    assert facts.unread == (("a.py", "instructions trop longues à suivre, ligne 2"),)


def test_a_large_target_is_read_quickly(tmp_path: Path) -> None:
    function = "\n".join(
        ["def f{n}(a, b=1):", *(f"    x{i} = g(a, {i}).run(key=b)" for i in range(28)), "    return a", ""]
    )
    for module in range(20):
        text = "\n".join(function.replace("{n}", str(n)) for n in range(10))
        (tmp_path / f"m{module}.py").write_text(text)
    begun = time.process_time()
    facts = _read(tmp_path)
    assert len(facts.functions) == 200
    assert time.process_time() - begun < 5


def test_an_encoding_that_always_fails_leaves_one_file_unread(collect_tree: Collect) -> None:
    facts = collect_tree({"undefined.py": "# coding: undefined\nx = 1\n", "fine.py": "def f(): ..."})
    assert set(facts.functions) == {"fine:f"}
    assert dict(facts.unread)["undefined.py"].startswith("encodage inconnu")


def test_a_file_whose_name_no_import_can_say_is_left_unread(collect_tree: Collect) -> None:
    task = "from celery import shared_task\n\n@shared_task\ndef f(): ...\n"
    facts = collect_tree({"a:b.py": task, "fine.py": task})
    assert [task.symbol for task in facts.tasks] == ["fine:f"]
    assert [path for path, _ in facts.unread] == ["a:b.py"]


def test_names_that_hold_half_a_character_have_a_digest(collect_tree: Collect) -> None:
    text = """
    from celery import Celery

    app = Celery("x", broker="redis://localhost/0")
    app.conf.task_default_queue = "\\ud800"
    app.conf.beat_schedule = {"\\ud800": {"task": "\\ud800", "schedule": 1}}

    @app.task(name="\\ud800", queue="\\ud800")
    def send(): ...
    """
    assert len(collect_tree({"p.py": text}, celery_app="p:app").digest) == 64


@pytest.mark.parametrize(
    ("command", "asks"),
    [
        ("celery -A p inspect ping", True),
        ("celery -A p status", True),
        ("celery inspect active; celery inspect ping -d x", True),
        ("ping broker; celery inspect active", False),
        ("service status; celery worker", False),
        ("inspect ping celery", False),
        # Answered at once; with the time that grows as the cube of the length, never.
        ("celery " + "inspect " * 20_000, False),
        ("celery " + "celery inspect " * 20_000, False),
    ],
)
def test_a_question_put_to_workers_is_found_in_one_pass(command: str, asks: bool) -> None:
    assert asks_for_life(command) is asks


@pytest.mark.parametrize(
    ("command", "leaves"),
    [
        ("celery -A p worker &", True),
        ("celery -A p worker & PID=$!", True),
        ("celery -A p worker | tee log &", True),
        ("celery -A p worker && true", False),
        ("true & celery -A p worker", False),
        ("celery " + "worker " * 20_000, False),
        ("celery " + "worker " * 20_000 + "&", True),
        ("celery " + "& " * 20_000, False),
    ],
)
def test_a_worker_put_in_the_background_is_found_in_one_pass(command: str, leaves: bool) -> None:
    assert leaves_a_worker(command) is leaves
