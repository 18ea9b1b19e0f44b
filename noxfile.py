"""The sessions CI runs. `nox -l` lists them; uv makes the environments when it is there, virtualenv otherwise."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "imports", "tests", "audit"]

LOCK = "requirements.lock"
INTERPRETERS = ("3.11", "3.12", "3.13", "3.14")
# Small projects that need nothing but Celery and FastAPI to be imported.
SMALL_TARGETS = ("bonnes-pratiques", "fastapi-partagees", "canari-tardif-avec-rejet")
# Besides pytest: what those targets and the unit tests import.
BESIDE_THE_WHEEL = ("celery", "fastapi", "pydantic-settings", "hypothesis", "pytest-xdist")
# They start stacks, or a pytest inside of pytest.
LONG_UNIT_TESTS = ("experiments", "command/test_laboratory_cli.py", "command/test_plugin.py")
# What family 10 reads (audit.toml).
RESULTS = ("--junitxml", "build/junit.xml")
COVERAGE = ("--cov=system", "--cov-report", "term", "--cov-report", "xml:build/coverage.xml")
# Many branches of the readers are reached by what strangers wrote to deceive them: the first block of each kind is added.
DECEPTIVE = ("tests/integration/test_deceptive.py", "-m", "integration", "-k", "01", "--cov-append")


def install(session: nox.Session) -> None:
    """Everything at the locked versions, and the project itself in place."""
    # Sessions start interpreters by the hundred: where nothing may be compiled for good, each would take four times as long.
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    session.install("--quiet", "-r", LOCK)
    session.install("--quiet", "--no-deps", "-e", ".")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, and dead code."""
    install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("vulture")


@nox.session
def types(session: nox.Session) -> None:
    """Static types, strict."""
    install(session)
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """The architecture's directions."""
    install(session)
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """Tests that need no whole stack, on embedded servers, with the coverage gate: the stack's, or all of it with COVER_AUDIT=1."""
    install(session)
    session.run("coverage", "erase")
    # One more than there are processors: tests on real processes wait for almost half of their time.
    pytest = ("python", "-m", "pytest", "-n", "3", "--dist", "worksteal", *COVERAGE)
    if not os.environ.get("COVER_AUDIT"):
        session.run(*pytest, *RESULTS, "--cov-fail-under=95", *session.posargs)
        return
    # Python 3.11 reads the audit's own code almost three times as slowly when it is traced.
    session.run(*pytest, "--cov=audit", *RESULTS, "--cov-fail-under=0", *session.posargs)
    session.run(*pytest, "--cov=audit", *DECEPTIVE, "--cov-fail-under=91")


@nox.session
def audit(session: nox.Session) -> None:
    """Audit the reference stack up to execution, and write the French checkpoint into `reports/`."""
    install(session)
    session.run("audit", "run", ".", "--level", "execution", "--out", "reports", *session.posargs)
    session.run("python", "-m", "checks.index", "reports")


@nox.session
def fire(session: nox.Session) -> None:
    """Every crash point and every class of fault once, on the reference stack, in four minutes; its journal goes to --out."""
    install(session)
    session.run("audit", "fire", ".", *session.posargs)


@nox.session
def soak(session: nox.Session) -> None:
    """The long session that 8.4 rests on, at most an hour: `-- --seed N --minutes M`; commit what it writes in `reports/measures/`."""
    install(session)
    session.run("audit", "soak", ".", *session.posargs)


@nox.session
def checkpoints(session: nox.Session) -> None:
    """Audit every family of criteria in its own checkpoint, with a cover, into `reports/`; those of the day are kept.

    Run `tests` first: family 10 reads its results, and says nothing of tests that are older than the code.
    """
    install(session)
    options = ("--family", "all", "--level", "execution", "--out", "reports", "--quiet")
    session.run("audit", "run", ".", *options, *session.posargs, success_codes=[0, 1, 3])
    session.run("python", "-m", "checks.index", "reports")


@nox.session
def integration(session: nox.Session) -> None:
    """Whole stacks, defects of the reference stack, long walks, and the same promises on Debian's servers."""
    install(session)
    # Some tests build the wheel, and environments with other releases of Celery; one plays the hook as pre-commit does.
    session.install("--quiet", "uv", "pre-commit")
    session.run(
        *("python", "-m", "pytest", "tests", "-m", "integration and not laboratory"),
        *("-n", "2", "--dist", "loadfile"),
        *session.posargs,
    )


@nox.session
def laboratory(session: nox.Session) -> None:
    """Sabotaged stacks that the laboratory and the families' experiments must catch: seven minutes with `-- -n 2`, beside CI."""
    install(session)
    session.run("python", "-m", "pytest", "tests", "-m", "laboratory", *session.posargs)


@nox.session
def truth(session: nox.Session) -> None:
    """Play every mutant and sound variant of `tests/truth/` against the rules, into `reports/measures/verite.md`."""
    install(session)
    session.run("python", "-m", "tests.truth", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the stack and the audit into `reports/measures/benchmarks.md`; `-- --only source`, `-- --quick` (shows that it runs)."""
    install(session)
    session.run("python", "-m", "tests.benchmarks", *session.posargs)


@nox.session
def versions(session: nox.Session) -> None:
    """Play the canary over releases of Celery, brokers, pools and acknowledgements; goes on where it stopped: `-- --minutes 30`.

    `-- --again --only 5.7.0/redis/prefork/late` measures one cell again. Needs `rabbitmq-server` on the PATH.
    """
    install(session)
    session.run("python", "-m", "tests.versions", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Compile `requirements.lock` again from pyproject.toml; `-- --upgrade` takes the newest of everything."""
    session.install("--quiet", "uv")
    session.run(
        *("uv", "pip", "compile", "pyproject.toml", "--group", "dev", "--universal", "--python-version", "3.11"),
        *("--quiet", "--no-header", "--output-file", LOCK),
        *session.posargs,
    )


@nox.session
@nox.parametrize("version", [nox.param(version, id=version) for version in INTERPRETERS])
def interpreters(session: nox.Session, version: str) -> None:
    """The built wheel on each Python that is here: `audit` on small targets, and its unit tests that start no stack."""
    python = interpreter(version)
    if not python:
        # As nox does with a session's own interpreter.
        missing = session.error if os.environ.get("CI") else session.skip
        missing(f"no Python {version} on the PATH or among those of pyenv")
    session.install("--quiet", "uv")
    with tempfile.TemporaryDirectory(prefix="audit-wheel-", ignore_cleanup_errors=True) as folder:
        there = Path(folder)
        session.run("uv", "build", "--quiet", "--wheel", "--out-dir", str(there / "dist"), ".")
        session.run("uv", "venv", "--quiet", "--python", python, str(there / "venv"))
        wheels = map(str, (there / "dist").glob("*.whl"))
        into = ("--quiet", "--python", str(there / "venv"), "--constraint", LOCK)
        session.run("uv", "pip", "install", *into, *wheels, *BESIDE_THE_WHEEL)
        # Elsewhere, so that `audit` is the wheel's and not the tree's.
        shutil.copytree("tests", there / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy("pyproject.toml", there)
        with session.chdir(there):
            try_wheel(session, str(there / "venv" / "bin"))


def try_wheel(session: nox.Session, programs: str) -> None:
    """Run the command and the unit tests of an environment, in a folder that holds the tests."""
    audit, python = f"{programs}/audit", f"{programs}/python"
    session.run(audit, "--version", external=True)
    for target in SMALL_TARGETS:
        for options in (("--level", "source"), ("--level", "configuration", "--python", python)):
            command = (audit, "run", f"tests/targets/{target}", *options, "--out", "reports", "--quiet")
            session.run(*command, external=True, success_codes=[0, 1])
    ignored = (f"--ignore=tests/unit/audit/{name}" for name in LONG_UNIT_TESTS)
    # Not the fixtures of `tests/`, which start servers; « reference » is this repository's stack, which is not there.
    chosen = ("tests/unit/audit", "--confcutdir", "tests/unit/audit", *ignored, "-k", "not reference")
    session.run(python, "-m", "pytest", "-q", "-n", "2", *chosen, *session.posargs, external=True)


def interpreter(version: str) -> str:
    """Path of a Python of this version that starts, on the PATH or among those of pyenv; empty when there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found = (shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python"))))
    return next((path for path in found if path and _starts(path, version)), "")


def _starts(path: str, version: str) -> bool:
    """Whether this is such a Python: a shim of pyenv may lead to none."""
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([path, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip() == version
