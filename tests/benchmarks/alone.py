"""Run as a script: a command to its end, in silence, then `seconds processor megabytes exit-code` on one line.

What starts a process counts in the memory that the process is said to have taken, so this imports next to nothing.
"""

import os
import sys
import time


def main(command: list[str]) -> str:
    """Run the command; what it took."""
    silence = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
    started = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=silence)
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    return f"{seconds} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss / 1024} {code}"


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]))
