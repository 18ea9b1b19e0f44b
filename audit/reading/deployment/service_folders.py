"""Services of s6 and runit: a folder each, whose `run` is started again whenever it ends."""

import re
from collections.abc import Iterator

from audit.reading.deployment.command_line import Line
from audit.reading.deployment.file_references import Around
from audit.reading.deployment.stop_orders import StopOrder
from audit.reading.source_files import Source

_RUN = re.compile(r"(^|/)(s6-rc\.d|services\.d|s6|sv|service|runit|s6-overlay)/(.*/)?[^/]+/run$")
_STARTED = re.compile(r"\bcelery\b.*", re.DOTALL)


def is_service_run(path: str) -> bool:
    """Whether a path is that of the program of such a service."""
    return bool(_RUN.search(path))


def read_service(source: Source, around: Around) -> Iterator[Line]:
    """Its text for a shell; for execline, which only chains programs, the last of them. `oneshot` services end."""
    kind = around.source(f"{source.path.rpartition('/')[0]}/type")
    if kind and "oneshot" in kind.text:
        return
    by = "runit" if re.search(r"(^|/)(sv|runit|service)/", source.path) else "s6"
    stop = StopOrder(by)
    last = len(source.lines)
    if "execlineb" not in source.text.partition("\n")[0]:
        yield Line(source.text, 1, last, "s6", stop=stop)
        return
    told = " ".join(line for line in source.lines if not line.lstrip().startswith("#"))
    found = _STARTED.search(told)
    if found:
        yield Line(found.group().strip(), 1, last, "s6", stop=stop)
