from pathlib import Path

import pytest

from audit.importing.isolation import SOCKET_GUARD, inner_environment, strongest_isolation


def fake(directory: Path, text: str) -> str:
    path = directory / "unshare"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_without_the_command_only_sockets_are_guarded() -> None:
    assert strongest_isolation("no-such-unshare") == SOCKET_GUARD


def test_a_system_that_refuses_namespaces_leaves_the_guard(tmp_path: Path) -> None:
    assert strongest_isolation(fake(tmp_path, "exit 1")) == SOCKET_GUARD


def test_a_command_that_cannot_run_leaves_the_guard(tmp_path: Path) -> None:
    path = Path(fake(tmp_path, ""))
    path.write_bytes(b"\x7fELF")
    assert strongest_isolation(str(path)) == SOCKET_GUARD


@pytest.mark.parametrize(("text", "has_processes"), [("exit 0", True), ('case "$*" in *--pid*) exit 1;; esac', False)])
def test_the_strongest_namespace_granted_is_taken(tmp_path: Path, text: str, has_processes: bool) -> None:
    isolation = strongest_isolation(fake(tmp_path, text))
    assert isolation.name == "espace de noms réseau"
    assert "--net" in isolation.prefix
    assert ("--kill-child" in isolation.prefix) is has_processes


def test_what_is_written_goes_below_the_given_home() -> None:
    environ = {
        "HOME": "/home/me",
        "PATH": "/bin",
        "XDG_CACHE_HOME": "/home/me/.cache",
        "PYTHONHOME": "/x",
        "SMALL": "1",
    }
    inner = inner_environment(environ, Path("/tmp/inner"))
    assert {inner[name] for name in ("HOME", "TMPDIR", "TMP", "TEMP")} == {"/tmp/inner"}
    assert (inner["PATH"], inner["SMALL"]) == ("/bin", "1")
    assert not inner.keys() & {"XDG_CACHE_HOME", "PYTHONHOME"}
    assert inner["PYTHONUSERBASE"] == "/home/me/.local"
    assert inner_environment({"PYTHONUSERBASE": "/u"}, Path("/tmp/inner"))["PYTHONUSERBASE"] == "/u"
