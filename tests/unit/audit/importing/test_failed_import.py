"""An import that fails is told in one French sentence."""

import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from audit.importing.configuration_probe import collect
from audit.importing.isolation import SOCKET_GUARD
from tests.unit.audit.importing.small_targets import CELERY, Make

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
