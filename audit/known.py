"""All that the probes learned about one target, and the questions rules ask of it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from audit.facts import BeatEntry, Facts, Function, Process, RetrySchedule, Route, Setting
from audit.model import Evidence
from audit.target import Target


@dataclass(frozen=True)
class Known:
    """The facts a rule may read; `configuration` is None when the run stops at level source."""

    target: Target
    source: Facts
    configuration: Facts | None = None

    @property
    def probes(self) -> tuple[Facts, ...]:
        """Probes that learned something, strongest first."""
        candidates = (self.configuration, self.source)
        return tuple(f for f in candidates if f is not None and not f.failure)

    @property
    def why_silent(self) -> str:
        """French reason why no probe learned anything, or why the strongest one failed; empty otherwise."""
        return next((f.failure for f in (self.configuration, self.source) if f is not None and f.failure), "")

    @property
    def settings_known(self) -> bool:
        """Whether some probe found a Celery configuration to read at all."""
        return any(facts.settings or facts.tasks for facts in self.probes)

    def setting(self, name: str) -> Iterator[tuple[Setting, Facts]]:
        """The setting as each probe sees it, strongest probe first."""
        for facts in self.probes:
            if name in facts.settings:
                yield facts.settings[name], facts

    def function(self, symbol: str) -> Iterator[tuple[Function, Facts]]:
        """The function as each probe sees it, strongest probe first."""
        for facts in self.probes:
            if symbol in facts.functions:
                yield facts.functions[symbol], facts

    def reachable(self, symbol: str) -> tuple[Function, ...]:
        """The function and every function of the project it may call, breadth first, as read in the source."""
        found: dict[str, Function] = {}
        queue = [symbol]
        while queue:
            current = queue.pop(0)
            function = self.source.functions.get(current)
            if function is None or current in found:
                continue
            found[current] = function
            queue += [call.target for call in function.calls if call.target]
        return tuple(found.values())

    def beat_of(self, symbol: str) -> Iterator[tuple[BeatEntry | None, Facts]]:
        """The beat entry that runs this task, per probe that knows the whole schedule; None when there is none."""
        for facts in self.probes:
            if not facts.beat_known:
                continue
            names = {symbol.replace(":", "."), symbol.partition(":")[2]}
            names |= {t.name for t in facts.tasks if t.symbol == symbol}
            yield next((e for e in facts.beat if e.task in names), None), facts

    def route_of(self, symbol: str) -> Iterator[tuple[Route, Facts]]:
        """The route served by this endpoint, per probe that found it."""
        for facts in self.probes:
            for route in facts.routes:
                if route.endpoint == symbol:
                    yield route, facts
                    break

    def processes(self, role: str) -> tuple[Process, ...]:
        """Processes of the process files that play this role (`worker`, `beat`, `web`)."""
        return tuple(p for p in self.source.processes if role in p.role.split("+"))

    def retry_schedules(self, symbol: str) -> tuple[RetrySchedule, ...]:
        """Retry schedules of this task, as read in the source."""
        return tuple(r for r in self.source.retry_schedules if r.task == symbol)

    def source_evidence(self, function: Function) -> Evidence:
        """Evidence that quotes the head of a function."""
        return self.source.evidence(function.head, fonction=function.symbol)


_USER_WORDS = frozenset(
    {"user", "users", "admin", "admins", "administrator", "operator", "login", "jwt", "oauth2", "bearer"}
)


def is_user(name: str) -> bool:
    """Whether a parameter or dependency name speaks of a logged-in person (`current_user`, `require_admin`, `OAuth2Bearer`)."""
    _, is_symbol, qualified = name.rpartition(":")
    # A method of a project's class, or a function made by another, is told by what holds it too.
    told = qualified if is_symbol else qualified.rpartition(".")[2]
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+\d*", re.sub(r"(?i)user_?agent", "", told))
    return any(word.lower() in _USER_WORDS for word in words)


def user_mentions(function: Function) -> tuple[str, ...]:
    """Identifiers of the body, and words of its strings, that speak of a user; comments and docstrings do not count."""
    if function.body is None:
        return ()
    try:
        # Dedenting would change nothing where a string of several lines starts at the margin.
        text = function.body.text
        tree = ast.parse(f"if True:\n{text}" if text[:1].isspace() else text)
    except SyntaxError:
        return ()
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            found += re.findall(r"\b(?:current_user|user_id|admin_id)\b", node.value)
        elif isinstance(node, ast.Name | ast.Attribute | ast.keyword | ast.arg):
            name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else node.arg
            found += [name] if name in {"current_user", "user_id", "admin_id"} else []
    return tuple(dict.fromkeys(found))
