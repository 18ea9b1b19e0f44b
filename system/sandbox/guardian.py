"""Runs one command and outlives nobody: when its owner dies, even by SIGKILL, the command and all it started end too.

    python -m system.sandbox.guardian [--lifeline FD] [--user NAME] [--stop-signal TERM] [--grace SECONDS] -- command …

The owner is the process that started the guardian. It is watched through a pidfd and, with ``--lifeline``, through the read end
of a pipe whose write end the owner keeps. SIGTERM, SIGINT or SIGHUP to the guardian stop the command the same way.
Linux only, standard library only: it must start fast and from a bare interpreter. Exits with the command's code (128 + n for signal n).
"""

import argparse
import ctypes
import os
import pwd
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SETPCAP = 1, 2, 8
STOP_REQUESTS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LEFTOVER_GRACE_SECONDS = 1.0
# Nobody waits for an orderly end any more, and the servers a program would need for one are ending too.
ORPHAN_GRACE_SECONDS = 3.0


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value}) refused")


def descendants(root: int) -> list[int]:
    """Pids of every live process below `root`, zombies excluded, read from /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue  # gone between the listing and the reading
        children.setdefault(int(parent), []).append(int(entry.name) if state != "Z" else -int(entry.name))
    found: list[int] = []
    todo = [root]
    while todo:
        for pid in children.get(todo.pop(), []):
            todo.append(abs(pid))
            if pid > 0:
                found.append(pid)
    return found


def _signal_all(pids: Sequence[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _as_user(user: str, command: list[str], stop_signal: str) -> list[str]:
    """The command under another identity, still able to reach files below a private directory such as /root."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise SystemExit("guardian: --user needs setpriv (package util-linux)")
    group = pwd.getpwnam(user).pw_gid
    # A change of identity clears the death signal set at fork, so setpriv sets it again.
    identity = [setpriv, f"--reuid={user}", f"--regid={group}", "--clear-groups", f"--pdeathsig={stop_signal}"]
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    held = int(status["CapEff"], 16)
    for number, name in ((CAP_DAC_READ_SEARCH, "dac_read_search"), (CAP_DAC_OVERRIDE, "dac_override")):
        if held >> number & 1:
            identity += [f"--inh-caps=+{name}", f"--ambient-caps=+{name}"]
            if held >> CAP_SETPCAP & 1:
                # Without it access(2), by which initdb looks for its companions, forgets the capability above.
                identity.append("--securebits=+no_setuid_fixup")
            break
    return [*identity, "--", *command]


class Guardian:
    """The event loop around one child: waits for its end, the owner's death, or a request to stop."""

    def __init__(self, command: list[str], *, lifeline: int | None, stop_signal: int, grace: float) -> None:
        self.stop_signal, self.grace = stop_signal, grace
        self.selector = selectors.DefaultSelector()
        self.stop_requested = False
        self.code: int | None = None
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._listen_to_signals()
        self._watch_owner(lifeline)
        self.child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, stop_signal),  # noqa: PLW1509 (single-threaded here)
        )

    def _listen_to_signals(self) -> None:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (*STOP_REQUESTS, signal.SIGCHLD):
            signal.signal(number, self._on_signal)
        self.selector.register(reader, selectors.EVENT_READ, "signal")

    def _on_signal(self, number: int, _frame: object) -> None:
        if number in STOP_REQUESTS:
            self.stop_requested = True

    def _watch_owner(self, lifeline: int | None) -> None:
        owner = os.getppid()
        try:
            self.selector.register(os.pidfd_open(owner), selectors.EVENT_READ, "owner")
        except OSError:
            self.stop_requested = lifeline is None  # no pidfd here: without a lifeline nothing would tell us
        if lifeline is not None:
            self.selector.register(lifeline, selectors.EVENT_READ, "owner")

    def _wait(self, seconds: float | None) -> None:
        for key, _ in self.selector.select(seconds):
            if key.data == "owner":
                self.stop_requested = True
                self.grace = min(self.grace, ORPHAN_GRACE_SECONDS)
                self.selector.unregister(key.fileobj)
            else:
                os.read(key.fd, 4096)

    def _reap(self) -> None:
        """Collects every dead child, adopted orphans included, and keeps the main one's exit code."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.child.pid:
                code = os.waitstatus_to_exitcode(status)
                self.code = code if code >= 0 else 128 - code
                self.child.returncode = self.code

    def _wait_until_dead(self, seconds: float, *, everyone: bool) -> None:
        deadline = time.monotonic() + seconds
        while True:
            self._reap()
            alive = bool(descendants(os.getpid())) if everyone else self.code is None
            remaining = deadline - time.monotonic()
            if not alive or remaining <= 0:
                return
            self._wait(min(remaining, 0.05) if everyone else remaining)

    def run(self) -> int:
        """Returns the command's exit code once it and every descendant are gone."""
        while self.code is None and not self.stop_requested:
            self._wait(None)
            self._reap()
        if self.code is None:
            _signal_all([self.child.pid], self.stop_signal)
            self._wait_until_dead(self.grace, everyone=False)
        if self.code is not None:
            _signal_all(descendants(os.getpid()), signal.SIGTERM)
            self._wait_until_dead(LEFTOVER_GRACE_SECONDS, everyone=True)
        while left := descendants(os.getpid()):
            _signal_all(left, signal.SIGKILL)
            self._wait_until_dead(0.2, everyone=True)
        self._reap()
        return self.code if self.code is not None else 128 + signal.SIGKILL


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line entry: see the module docstring."""
    parser = argparse.ArgumentParser(prog="guardian", description="Run a command that must not outlive its owner.")
    parser.add_argument("--lifeline", type=int, help="file descriptor whose end of file means the owner is dead")
    parser.add_argument("--user", help="run the command as this user (the guardian must be root)")
    parser.add_argument("--stop-signal", default="TERM", choices=["TERM", "INT", "QUIT", "KILL"])
    parser.add_argument("--grace", type=float, default=10.0, help="seconds between the stop signal and SIGKILL")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)
    command = _as_user(options.user, options.command, options.stop_signal) if options.user else options.command
    stop_signal = signal.Signals[f"SIG{options.stop_signal}"]
    try:
        guardian = Guardian(command, lifeline=options.lifeline, stop_signal=stop_signal, grace=options.grace)
    except OSError as error:
        sys.stderr.write(f"guardian: cannot start {command[0]}: {error}\n")
        return 127
    return guardian.run()


if __name__ == "__main__":
    sys.exit(main())
