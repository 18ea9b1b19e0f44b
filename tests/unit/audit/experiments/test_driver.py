from pathlib import Path

import pytest

from audit.experiments.driver import Driver, DriverError, load_driver
from tests.unit.audit.examples import IdleStack


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A target's root; what `load_driver` adds to `sys.path` goes with the test."""
    monkeypatch.syspath_prepend("/nowhere")
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / f"{name}.py").write_text(text, encoding="utf-8")


def test_a_driver_of_the_target_is_built_with_its_root(root: Path) -> None:
    write(root, "own_sound", "from tests.unit.audit.examples import IdleStack as Own\n")
    for _ in range(2):
        driver = load_driver("own_sound:Own", root)
        assert isinstance(driver, Driver)
        assert isinstance(driver, IdleStack)
        assert driver.root == root
        assert not driver.started


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("own_nothing", "x = 1", "AttributeError"),
        ("own_syntax", "def (", "SyntaxError"),
        ("own_import", "import own_no_such_module", "ModuleNotFoundError"),
        ("own_raises", "class Own:\n    def __init__(self, root): raise KeyError('port')", "KeyError"),
        ("own_exits", "raise SystemExit(0)", "SystemExit"),
    ],
)
def test_a_driver_that_does_not_load_says_why(name: str, text: str, words: str, root: Path) -> None:
    write(root, name, text)
    with pytest.raises(DriverError) as caught:
        load_driver(f"{name}:Own", root)
    assert f"le pilote `{name}:Own` ne se charge pas ({words}" in str(caught.value)


@pytest.mark.parametrize("symbol", ["", "own_no_such_module", "own_no_such_module:Own", ":Own"])
def test_a_symbol_that_names_nothing(symbol: str, root: Path) -> None:
    with pytest.raises(DriverError, match="ne se charge pas"):
        load_driver(symbol, root)


def test_half_a_driver_is_none(root: Path) -> None:
    write(root, "own_half", "class Own:\n    def __init__(self, root): pass\n    def start(self): pass\n")
    with pytest.raises(DriverError, match="n'est pas un pilote"):
        load_driver("own_half:Own", root)
