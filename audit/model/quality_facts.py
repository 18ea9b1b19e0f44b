"""What tools say of a target's code, and what its own test runs left behind (family 10)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.model.facts import Facts


@dataclass(frozen=True)
class ToolRun:
    """One run of a tool over the target: the command as one would type it, and its complaints, one line each.

    `why_unknown` is a French reason why it told nothing, else it is empty. `ignored`: what the target has it ignore, in French.
    """

    command: str
    complaints: tuple[str, ...] = ()
    why_unknown: str = ""
    ignored: str = ""


@dataclass(frozen=True)
class ResultFile:
    """Whole numbers read in a file that a test run wrote; `why_unknown` is a French reason why there are none.

    `missing`: the target's own files that it does not name. `written_at`: the file's own date (seconds since the epoch, UTC),
    and `digest` its SHA-256: nothing else says which run wrote it.
    """

    path: str
    numbers: Mapping[str, int] = field(default_factory=dict)
    why_unknown: str = ""
    missing: tuple[str, ...] = ()
    written_at: float = 0.0
    digest: str = ""


@dataclass(frozen=True)
class QualityFacts(Facts):
    """The runs by question (`dead-code`, `unused-imports` …), and the results of the target's own tests."""

    runs: Mapping[str, ToolRun] = field(default_factory=dict)
    configured: Mapping[str, str] = field(default_factory=dict)
    junit: ResultFile = ResultFile("")
    coverage: ResultFile = ResultFile("")
