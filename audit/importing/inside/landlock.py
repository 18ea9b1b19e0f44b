"""Files are written below one directory only, by this process and all that it starts: Landlock, of Linux 5.13.

Its calls have no name in Python; their numbers and structures are those of docs.kernel.org/userspace-api/landlock.html.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH, _NO_NEW_PRIVS = 1, 1, 38
_WRITE_FILE = 1 << 1
# Removing, and making of every kind; then moving to another directory, and cutting, that later kernels know.
_CHANGES = sum(1 << bit for bit in range(4, 13))
_REFER, _TRUNCATE = 1 << 13, 1 << 14
# What programs write to without leaving anything: semaphores of a pool go away with it.
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/shm")  # noqa: S108


def confine(writable: str) -> bool:
    """Refuse, for the rest of this process, every change of a file outside `writable`; False where the system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION)
    if version < 1:
        return False
    handled = _WRITE_FILE | _CHANGES | (_REFER if version > 1 else 0) | (_TRUNCATE if version > 2 else 0)
    attributes = struct.pack("=Q", handled)
    rules = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if rules < 0:
        return False
    try:
        for path in (writable, *_DEVICES):
            _allow(libc, rules, path, handled)
        # Without new privileges no program that is started can undo it.
        return not libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) and not libc.syscall(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, handled: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        allowed = handled if stat.S_ISDIR(os.fstat(place).st_mode) else handled & (_WRITE_FILE | _TRUNCATE)
        libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", allowed, place), 0)
    finally:
        os.close(place)
