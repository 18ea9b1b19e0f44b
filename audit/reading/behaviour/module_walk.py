"""One walk over the modules of a target, and the watchers that look at each function on the way."""

import ast
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import get_args, get_type_hints

from audit.model.observations.observation import CutShort, Observation
from audit.model.word_tables import word_list
from audit.reading.behaviour.awaited_answers import awaited_answers
from audit.reading.behaviour.blocking_calls import waiting
from audit.reading.behaviour.call_options import WORDS as TASK_OPTIONS
from audit.reading.behaviour.call_options import misspelled_options
from audit.reading.behaviour.certificates import unverified_certificates
from audit.reading.behaviour.chords import WORDS as CHORD_WORDS
from audit.reading.behaviour.chords import chords
from audit.reading.behaviour.class_tables import ClassTables
from audit.reading.behaviour.clocks import naive_clocks
from audit.reading.behaviour.counters import unprotected_counters
from audit.reading.behaviour.delivery_counts import WORDS as DELIVERIES
from audit.reading.behaviour.delivery_counts import counted_deliveries
from audit.reading.behaviour.direct_runs import WORDS as CALLS
from audit.reading.behaviour.direct_runs import direct_runs
from audit.reading.behaviour.enclosing_statements import SwallowingWrappers
from audit.reading.behaviour.endless_calls import WORDS as ENDLESS_CALLS
from audit.reading.behaviour.endless_calls import endless_calls
from audit.reading.behaviour.endless_loops import EndlessLoops
from audit.reading.behaviour.fetching_calls import WORDS as FETCHING
from audit.reading.behaviour.fetching_calls import fetching_calls
from audit.reading.behaviour.function_memory import WORDS as FUNCTION_MEMORY
from audit.reading.behaviour.function_memory import function_memory
from audit.reading.behaviour.given_objects import objects_given
from audit.reading.behaviour.handed_objects import HandedObjects
from audit.reading.behaviour.import_connections import may_open, opened_at_import
from audit.reading.behaviour.kept_entries import kept_entries, may_keep
from audit.reading.behaviour.kombu_consumers import WORDS as KOMBU
from audit.reading.behaviour.kombu_consumers import kombu_consumers
from audit.reading.behaviour.library_waits import WORDS as LIBRARY_WAITS
from audit.reading.behaviour.library_waits import library_waits
from audit.reading.behaviour.local_caches import WORDS as LOCAL_CACHES
from audit.reading.behaviour.local_caches import local_caches
from audit.reading.behaviour.locks import WORDS as LOCKS
from audit.reading.behaviour.locks import endless_locks
from audit.reading.behaviour.losing_queues import WORDS as LOSING
from audit.reading.behaviour.losing_queues import losing_queues
from audit.reading.behaviour.mentions import mentions
from audit.reading.behaviour.message_options import message_options
from audit.reading.behaviour.model_signals import signal_receivers
from audit.reading.behaviour.network import network
from audit.reading.behaviour.open_transactions import open_transactions
from audit.reading.behaviour.process_state import METRIC_WORDS, process_state
from audit.reading.behaviour.publications import publications
from audit.reading.behaviour.purges import AT_START, RATES, given_rates, purges, run_by_workers
from audit.reading.behaviour.purges import WORDS as PURGING
from audit.reading.behaviour.republications import WORDS as REPUBLISHED
from audit.reading.behaviour.republications import republications
from audit.reading.behaviour.rewritten_documents import rewritten_documents
from audit.reading.behaviour.row_locks import claimed_rows, may_claim
from audit.reading.behaviour.scope import Scope, gather
from audit.reading.behaviour.secrets import literal_secrets, may_hold_a_secret
from audit.reading.behaviour.serializers import registered_serializers
from audit.reading.behaviour.sleeps import Sleeps
from audit.reading.behaviour.sql_counters import sql_counters
from audit.reading.behaviour.standard_clients import STANDARD_WORDS
from audit.reading.behaviour.started_workers import WORDS as WORKERS
from audit.reading.behaviour.started_workers import started_workers
from audit.reading.behaviour.swallowed_errors import swallowed_errors
from audit.reading.behaviour.swallowing_decorators import WORDS as SWALLOWING
from audit.reading.behaviour.table_reads import unpaged_reads
from audit.reading.behaviour.task_names import WORDS as TASK_NAMES
from audit.reading.behaviour.task_names import task_names
from audit.reading.behaviour.transactions import atomic_requests, published_too_early
from audit.reading.behaviour.unpickled_arguments import WORDS as UNPICKLED
from audit.reading.behaviour.unpickled_arguments import unpickled_arguments
from audit.reading.behaviour.unverified_commands import WORDS as COMMAND_WORDS
from audit.reading.behaviour.verification_options import WORDS as OPTION_WORDS
from audit.reading.behaviour.zoneless_clocks import WORDS as ZONELESS
from audit.reading.behaviour.zoneless_clocks import zoneless_clocks
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Module

Watcher = Callable[[Scope], Iterator[Observation]]
# A question put to a module's text, and the watcher that looks where the answer is yes.
Asking = tuple[Callable[[str], bool], Watcher]

# Each with words of which a module's text must hold one for it to see anything: most modules are not walked at all.
_PUBLISHING = (".delay(", ".delay,", ".delay)", ".delay\n", "apply_async", "send_task", "_on_commit", ".chunks(")
_SIGNING = (".s(", ".s,", ".si,", ".si(", "signature(", "subtask(")
_CLOCKS = ("now", "today", "fromtimestamp", "datetime", "partial")
_IN_PLACE = (".append(", ".add(", ".update(", ".extend(", ".remove(", ".pop(", "yield ")
_COUNTING = ("+=", "-=", " + ", " - ", "setattr(", "ock(", "or_update(", *_IN_PLACE)
_WATCHERS: tuple[tuple[tuple[str, ...], Watcher], ...] = (
    (
        (
            *(*_PUBLISHING, "AsyncResult", "GroupResult", "ResultSet", "group(", "chord(", ".wait_for("),
            *word_list(".get() .get(timeout .get(propagate .get(disable_sync .get(interval .join() allow_join"),
        ),
        waiting,
    ),
    (
        (
            *("except", "finally", "with ", "submit(", "PoolExecutor", "gather(", "asyncio", "Thread(", "Timer("),
            *("log", *SWALLOWING),
        ),
        swallowed_errors,
    ),
    (("while self.", "while not self.", "while cls.", *ENDLESS_CALLS), endless_calls),
    (_CLOCKS, naive_clocks),
    (ZONELESS, zoneless_clocks),
    (FUNCTION_MEMORY, function_memory),
    ((*_PUBLISHING, "countdown", "eta=", "queue=", "time_limit", "signature"), publications),
    (("serializer", "delivery_mode"), message_options),
    ((*_PUBLISHING, *_SIGNING), objects_given),
    ((*_PUBLISHING, "group(", "chain(", "chord("), published_too_early),
    (("with ", "atomic", "commit(", "View", "Admin", "listen", "RunPython"), open_transactions),
    ((".connect", "receiver("), signal_receivers),
    (("ATOMIC_REQUESTS", "atomic_requests"), atomic_requests),
    (("kombu",), registered_serializers),
    (CHORD_WORDS, chords),
    (KOMBU, kombu_consumers),
    (_COUNTING, unprotected_counters),
    ((".save(", ".asave(", "bulk_update(", "commit(", "olumn("), rewritten_documents),
    ((".execute(", ".exec_driver_sql(", ".fetchval(", ".scalar("), sql_counters),
    (("requests", "urlopen", "httpx", "aiohttp", "niquests", "urllib3", "http.client", "setdefaulttimeout"), network),
    (FETCHING, fetching_calls),
    (LOSING, losing_queues),
    (TASK_OPTIONS, misspelled_options),
    (
        (
            *(
                "requests",
                "urlopen",
                "httpx",
                "aiohttp",
                "cert_reqs",
                "context=",
                "check_hostname",
                "disable_warnings",
                "InsecureRequest",
            ),
            *OPTION_WORDS,
            *(
                "_create_unverified",
                "_create_stdlib",
                "SSLContext",
                "disable_ssl",
                "CERT_NONE",
                "VerifyMode",
                *COMMAND_WORDS,
            ),
            *STANDARD_WORDS,
        ),
        unverified_certificates,
    ),
    (LOCKS, endless_locks),
    ((".execute(", "supabase", "postgrest", ".get(", ".request(", "urlopen"), unpaged_reads),
    (PURGING, purges),
    (AT_START, run_by_workers),
    (RATES, given_rates),
    (LIBRARY_WAITS, library_waits),
    (TASK_NAMES, task_names),
    (CALLS, direct_runs),
    (UNPICKLED, unpickled_arguments),
    (LOCAL_CACHES, local_caches),
    (_PUBLISHING, awaited_answers),
    (DELIVERIES, counted_deliveries),
    (REPUBLISHED, republications),
    (WORKERS, started_workers),
    (
        (
            "global ",
            "+=",
            "-=",
            " + 1",
            " - 1",
            "next(",
            "Counter",
            "nonlocal ",
            *METRIC_WORDS,
            ".send(",
        ),
        process_state,
    ),
)


def read_code(machine: Machine, look: Callable[[Module], None] | None = None) -> tuple[Observation, ...]:
    """What every function of the target does that a rule may judge; code that only serves tests is left out.

    `look` is shown every module, those of tests too, while its tree is at hand.
    """
    modules = [machine.project.modules[name] for name in sorted(machine.project.modules)]
    machine.start_functions()
    wrappers = SwallowingWrappers(machine)
    tables, handed, loops = ClassTables(machine), HandedObjects(machine), EndlessLoops(machine)
    sleeps = Sleeps(machine)
    asking: tuple[Asking, ...] = (
        (tables.may_change, tables),
        (handed.may_hand, handed),
        (loops.may_loop, loops),
        (sleeps.may_sleep, sleeps),
        (may_open, opened_at_import),
        (may_keep, kept_entries),
        (may_claim, claimed_rows),
        (may_hold_a_secret, literal_secrets),
    )
    seen: list[Observation] = [*mentions(machine.project)]
    for module in modules:
        if not machine.project.is_test_file(module.source.path):
            text = module.source.text
            watchers = _watchers(text, asking, named=handed.may_publish(text))
            watchers += [wrappers] if module.name in wrappers.modules else []
            seen += _observations(machine, module, watchers)
        if look:
            look(module)
    return tuple(seen)


def _watchers(text: str, asking: tuple[Asking, ...], *, named: bool) -> list[Watcher]:
    """Those that may see something in a module; `named`: it may publish under a name that is not Celery's."""
    found = [
        watcher
        for words, watcher in _WATCHERS
        if any(word in text for word in words) or (named and words[: len(_PUBLISHING)] == _PUBLISHING)
    ]
    return [*found, *(watcher for may_see, watcher in asking if may_see(text))]


def _observations(machine: Machine, module: Module, watchers: list[Watcher]) -> list[Observation]:
    watched = [(watch, _kinds(watch)) for watch in watchers]
    return [
        seen
        for scope in (scopes(machine, module) if watched else ())
        for watch, kinds in watched
        for seen in _seen(scope, watch, kinds)
    ]


def _kinds(watch: Watcher) -> frozenset[type[Observation]]:
    """The kinds of observations that a watcher says it looks for."""
    told = get_type_hints(watch if isinstance(watch, FunctionType) else type(watch).__call__)["return"]
    (found,) = get_args(told)
    return frozenset(get_args(found) or (found,))


def _seen(scope: Scope, watch: Watcher, kinds: frozenset[type[Observation]]) -> Iterator[Observation]:
    """What a watcher sees, and the first expression that it asked about and that is too long to follow."""
    cut_short = scope.machine.cut_short
    cut_short.clear()
    yield from watch(scope)
    for place in cut_short[:1]:
        yield CutShort(scope.symbol, scope.machine.sources[place.path].excerpt(place.first, place.last), kinds)


def scopes(machine: Machine, module: Module) -> Iterator[Scope]:
    """The module's own statements, then each function of it, those inside others included."""
    pending: list[tuple[str, str, ast.AST]] = [("", "", module.tree)]
    while pending:
        symbol, prefix, root = pending.pop()
        scope = Scope(machine, module, symbol, root)
        for qualified, node in gather(scope, prefix):
            pending.append((f"{module.name}:{qualified}", f"{qualified}.<locals>.", node))
        yield scope
