"""What a project says of itself: its applications, process files, and which symbols seem to play which role."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from audit.judging.suppositions import Supposition
from audit.model.facts import Facts
from audit.model.findings import Excerpt
from audit.target.target_file import ROLES


@dataclass(frozen=True)
class Guess:
    """A value for the target file, and the place of the target that suggested it (`path:line`, then why)."""

    value: str
    place: str
    why: str


@dataclass(frozen=True)
class Inferred:
    """Candidates for each entry of a target file, best first; several are for a human to choose among.

    `specs` are the Kiro specs of the project, relative to its root.
    """

    celery_app: tuple[Guess, ...]
    asgi_app: tuple[Guess, ...]
    process_files: tuple[Guess, ...]
    roles: Mapping[str, tuple[Guess, ...]]
    specs: tuple[str, ...] = ()

    @property
    def not_found(self) -> tuple[str, ...]:
        """Entries without a candidate."""
        applications = [name for name in ("celery_app", "asgi_app", "process_files") if not getattr(self, name)]
        return (*applications, *(role for role, guesses in self.roles.items() if not guesses))


# Where a role is looked for, and what its name must say. What is called comes from the functions of the first kind.
_TASK, _BEAT, _ROUTE, _CALLED, _FUNCTION = "task", "periodic task", "route", "function that a route calls", "function"
_NAMED: dict[str, tuple[str, str]] = {
    "sender": (_TASK, r"(?=.*(send|deliver))(?=.*(message|mail|sms|notification))(?!.*(campaign|bulk|batch|messages))"),
    "campaign_sender": (_TASK, r"(?=.*(send|deliver|start|run))(?=.*(campaign|bulk|batch))"),
    "webhook": (_ROUTE, r"web_?hook"),
    "webhook_processor": (_CALLED, r"(process|handle)"),
    "follow_up_scheduler": (_FUNCTION, r"(?=.*schedul)(?=.*(message_2|follow_?up|reminder))"),
    "recovery": (_TASK, r"(recover|resume)(?!.*password)"),
    "health_check": (_BEAT, r"health"),
    "expiry": (_BEAT, r"expir(?!.*(lock|session|token))"),
    "monitoring_sync": (_BEAT, r"(?=.*(sync|persist|flush))(?=.*(monitor|metric|counter|stat))"),
    "monitoring_reset": (_BEAT, r"(?=.*reset)(?=.*(monitor|metric|counter|stat|daily))"),
    "lock_cleanup": (_BEAT, r"(?=.*lock)(?=.*(clean|release|purge|expire))"),
    "campaign_lock": (_FUNCTION, r"(?=.*campaign)(?=.*lock)"),
    "idempotency": (_FUNCTION, r"idempoten"),
    "service_client": (_FUNCTION, r"^(get_)?(supabase_client|service_client|service_role\w*)$"),
    "watchdog": (_FUNCTION, r"^(main|run|watch)_?watchdog|watchdog_(main|run|loop)$"),
}

_ASGI = re.compile(r"uvicorn|hypercorn|daphne|granian", re.IGNORECASE)


def infer(facts: Facts) -> Inferred:
    """Candidates from the facts of the source probe. A role is guessed from names only: a human confirms it."""
    celery = [
        Guess(a.symbol, _place(a.excerpt), "Celery application") for a in facts.applications if a.kind == "celery"
    ]
    web = [Guess(a.symbol, _place(a.excerpt), "web application") for a in facts.applications if a.kind == "asgi"]
    web = web or list(_served(facts))
    files: dict[str, Guess] = {}
    for process in facts.processes:
        files.setdefault(
            process.excerpt.path, Guess(process.excerpt.path, _place(process.excerpt), f"starts: {process.role}")
        )
    symbols = {kind: dict(found) for kind, found in _symbols(facts)}
    roles = {role: tuple(_matching(symbols.get(kind, {}), kind, words)) for role, (kind, words) in _NAMED.items()}
    return Inferred(tuple(celery), tuple(web), tuple(files.values()), {role: roles[role] for role in ROLES})


def unambiguous(facts: Facts) -> tuple[Supposition, ...]:
    """The roles for which the source has one candidate, and only one."""
    alone = {role: guesses[0] for role, guesses in infer(facts).roles.items() if len(guesses) == 1}
    return tuple(Supposition(role, guess.value, guess.place) for role, guess in alone.items())


def _served(facts: Facts) -> Iterator[Guess]:
    """What ASGI servers are started with, where that is a factory of the target."""
    seen: set[str] = set()
    for process in facts.processes:
        if process.role == "web" and _ASGI.search(process.command):
            for word in process.command.split():
                if word in facts.functions and word not in seen:
                    seen.add(word)
                    yield Guess(word, _place(process.excerpt), "factory that a web server is given")


def _matching(symbols: Mapping[str, str], kind: str, words: str) -> Iterator[Guess]:
    for symbol, place in symbols.items():
        if re.search(words, symbol.rpartition(":")[2].rpartition(".")[2].lower()):
            yield Guess(symbol, place, f"{kind} with such a name")


def _symbols(facts: Facts) -> Iterator[tuple[str, dict[str, str]]]:
    """Symbols of each kind, with the place of each."""
    tasks = {t.symbol: _definition(facts, t.symbol) for t in facts.tasks}
    scheduled = {entry.task: _place(entry.excerpt) for entry in facts.beat}
    yield _TASK, tasks
    yield _BEAT, {t.symbol: scheduled[t.name] for t in facts.tasks if t.name in scheduled}
    hooks = {r.endpoint: _place(r.excerpt) for r in facts.routes if r.method == "POST" and _is_hook(r.path, r.endpoint)}
    yield _ROUTE, {s: place for s, place in hooks.items() if "hook" in s.lower().rpartition(":")[2]} or hooks
    called = dict.fromkeys(inner for hook in hooks for inner in _named_in(facts, hook))
    yield _CALLED, {s: _definition(facts, s) for s in called}
    yield _FUNCTION, {s: _definition(facts, s) for s in facts.functions if _may_play(s, tasks)}


def _named_in(facts: Facts, symbol: str) -> Iterator[str]:
    """Functions that a function calls, or gives to something that will (`tasks.add_task(process, body)`)."""
    function = facts.functions.get(symbol)
    if function is None:
        return
    module = symbol.partition(":")[0]
    beside = (f"{module}:{name.partition('.')[0]}" for name in function.names)
    yield from (s for s in (*(c.target for c in function.calls), *beside) if s in facts.functions and s != symbol)


def _is_hook(path: str, endpoint: str) -> bool:
    return "hook" in f"{path} {endpoint}".lower()


def _may_play(symbol: str, tasks: Mapping[str, str]) -> bool:
    """Functions of modules, whose name one of the roles looks for: reading them all would take as long as the audit."""
    name = symbol.rpartition(":")[2].lower()
    wanted = any(re.search(words, name) for kind, words in _NAMED.values() if kind == _FUNCTION)
    return wanted and "." not in name and symbol not in tasks and "test" not in symbol


def _definition(facts: Facts, symbol: str) -> str:
    return _place(facts.functions[symbol].head) if symbol in facts.functions else ""


def _place(excerpt: Excerpt | None) -> str:
    return f"{excerpt.path}:{excerpt.first_line}" if excerpt else "?"
