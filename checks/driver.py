"""How the harness drives and reads the reference stack."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

import httpx
import psutil
import psycopg
import redis
from celery import Celery

from audit.experiments.driver import Accepted, AlertDelay, DriverError
from audit.experiments.waiting import wait_until
from audit.french.typography import french_integer, french_seconds
from system.sandbox.gateway_protocol import Behaviour, Rule
from system.sandbox.processes import SandboxError
from system.sandbox.stack import RunningStack, run_python, running_stack
from system.sandbox.starters import CONFIGURATION

P = ParamSpec("P")
R = TypeVar("R")
_TASK = "system.tasks.message_tasks.send_single_message"
_REFUSED = """
    SELECT status, failures, extract(epoch FROM next_attempt_at - now())
    FROM messages WHERE contact_id = (SELECT id FROM contacts WHERE phone = %s)
"""
_DUE_NOW = """
    UPDATE messages SET next_attempt_at = now() WHERE contact_id = (SELECT id FROM contacts WHERE phone = %s) RETURNING id
"""
_LETS_IN = {
    "users": "SELECT name FROM users WHERE enabled",
    "access_tokens": "SELECT id FROM access_tokens WHERE revoked_at IS NULL AND expires_at > now()",
}
_MESSAGE_2 = " (Message 2)"
_ALERT_AFTER = 10.0
_SHIPPED = "from system.config import Settings; print(*(Settings.model_fields[name].default for name in {names}))"
_SHIPPED_DELAY = "from system.config import Settings; print(Settings.model_fields['alert_after_seconds'].default)"
_WEB_SECONDS = 20.0
# Four interpreters start at once, on a machine that may have other things to do.
_START_SECONDS = 180.0
_MOST_REFUSALS = 6
_REFUSAL_SECONDS = 15.0


def _in_words(method: Callable[P, R]) -> Callable[P, R]:
    """What the stack could not do, as the DriverError that experiments expect."""

    @wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except (SandboxError, psycopg.Error, httpx.HTTPError, psutil.Error, redis.RedisError) as error:
            msg = f"{method.__name__} : {type(error).__name__} : {error}"
            raise DriverError(msg) from error

    return guarded


def _key(phone: str, kind: str | None) -> str:
    return phone + (_MESSAGE_2 if kind == "message_2" else "")


def _inbound(phone: str, identifier: str) -> dict[str, Any]:
    """A text received from this phone, in Wassenger's first shape (shared/facts/wassenger.md)."""
    data = {
        "id": identifier,
        "type": "text",
        "flow": "inbound",
        "fromNumber": phone,
        "body": "oui",
        "meta": {"isGroup": False},
    }
    return {"id": identifier, "object": "message", "event": "message:in:new", "created": 0, "data": data}


class ReferenceDriver:
    """Runs the tree at `root` with its shipped supervisor configuration, on embedded servers and the gateway's double.

    Keys are phones, marked for Message 2. Every launch uses phone numbers that were never used before.
    """

    settings: Mapping[str, str] = {"DAILY_MESSAGE_LIMIT": "1000000"}

    def __init__(self, root: Path) -> None:
        self._root = root
        self._parts = ExitStack()
        self._numbers = count(1)
        self._inbound = count(1)
        self._running: RunningStack | None = None

    @property
    def _stack(self) -> RunningStack:
        if self._running is None:
            msg = "la pile n'est pas démarrée"
            raise DriverError(msg)
        return self._running

    @_in_words
    def start(self) -> None:
        """Start servers, double, web, worker and beat; the daily limit is raised, for it is not what is tried here."""
        self._running = self._parts.enter_context(
            running_stack(
                self._root,
                alert_after_seconds=_ALERT_AFTER,
                stop_seconds=0.5,
                start_seconds=_START_SECONDS,
                extra_env=self.settings,
            )
        )

    def stop(self) -> None:
        """End everything."""
        self._running = None
        self._parts.close()

    def _rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._stack.database_url, autocommit=True) as connection:
            return connection.execute(query.encode(), parameters or None).fetchall()

    @_in_words
    def logged_in(self) -> Sequence[str]:
        """Enabled users and living tokens, and any other table that by its name could let somebody in."""
        tables = self._rows(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_name ~ '(user|admin|session|account|token)'"
        )
        found: list[str] = []
        for (name,) in tables:
            query = _LETS_IN.get(str(name))
            found += [str(name)] if query is None else [f"{name} : {who}" for (who,) in self._rows(query)]
        return found

    @_in_words
    def launch(self, contacts: int) -> frozenset[str]:
        """Launch a campaign with the tree's own code."""
        phones = self._new_phones(contacts)
        self._stack.launch_campaign("Audit", "Bonjour", phones)
        return frozenset(phones)

    def _new_phones(self, count_: int) -> list[str]:
        return [f"+3363998{next(self._numbers):04d}" for _ in range(count_)]

    @_in_words
    def interact(self, keys: Sequence[str], *, again: bool = False) -> Sequence[str]:
        """POST a text from each phone to the public webhook, with no header but the content type."""
        answered = []
        if not wait_until(lambda: self._stack.works("web"), _WEB_SECONDS):
            msg = "le processus web ne répond pas"
            raise DriverError(msg)
        with httpx.Client(base_url=self._stack.web_url, timeout=10, trust_env=False) as client:
            for phone in keys:
                identifier = f"AUDIT{next(self._inbound):08d}"
                answers = [
                    client.post("/webhooks/wassenger", json=_inbound(phone, identifier)) for _ in range(1 + again)
                ]
                if all(answer.is_success for answer in answers):
                    answered.append(identifier)
        return answered

    @contextmanager
    def stall_processing(self) -> Iterator[None]:
        """Hold a lock on the table that processing writes; receiving does not need it."""
        with psycopg.connect(self._stack.database_url) as connection:
            connection.execute("LOCK TABLE interactions IN SHARE ROW EXCLUSIVE MODE")
            yield

    @_in_words
    def interactions(self) -> Sequence[str]:
        """WhatsApp identifiers of the recorded interactions."""
        return [str(wa_id) for (wa_id,) in self._rows("SELECT wa_id FROM interactions")]

    def follow_up_key(self, key: str) -> str:
        """The phone, marked."""
        return key + _MESSAGE_2

    @_in_words
    def alert_delay(self) -> AlertDelay:
        """The delay this run was started with, and the default of the tree's own settings."""
        return AlertDelay(
            _ALERT_AFTER, float(run_python(self._root, self._stack.env, self._stack.logs, "-c", _SHIPPED_DELAY))
        )

    @_in_words
    def alerts(self) -> Sequence[str]:
        """Alerts about workers that reached the double's sink and were answered with success."""
        received = self._stack.gateway.alerts()
        return [str(a.body["incident"]) for a in received if a.body["component"] == "worker" and a.answered < 300]

    @_in_words
    def conditions(self) -> Sequence[str]:
        """What was embedded, simulated, shortened or lifted."""
        ((postgres,),) = self._rows("SHOW server_version")
        with redis.Redis.from_url(self._stack.redis_url) as client:
            broker = client.info("server")
        name = "Valkey" if "valkey_version" in broker else "Redis"
        version = broker.get("valkey_version", broker["redis_version"])
        of_trial = [
            ("bail d'envoi", "SEND_LEASE_SECONDS"),
            ("délai de la passerelle", "GATEWAY_TIMEOUT_SECONDS"),
            ("reprise des webhooks", "INBOX_WAIT_SECONDS"),
            ("alerte", "ALERT_AFTER_SECONDS"),
        ]
        asked = _SHIPPED.format(names=[name.lower() for _, name in of_trial])
        shipped = run_python(self._root, self._stack.env, self._stack.logs, "-c", asked).split()
        durations = ", ".join(
            f"{what} {french_seconds(float(self._stack.env[name]))} ({french_seconds(float(default))})"
            for (what, name), default in zip(of_trial, shipped, strict=True)
        )
        return [
            "passerelle : une doublure locale de Wassenger, seule adresse d'envoi donnée à la pile ; son registre fait foi",
            f"serveurs locaux : PostgreSQL {postgres}, {name} {version}",
            f"processus lancés et relancés par `{CONFIGURATION}`, sur une seule machine",
            f"durées de l'essai, et entre parenthèses celles de la livraison : {durations}",
            f"limite quotidienne portée à {french_integer(int(self.settings['DAILY_MESSAGE_LIMIT']))} messages ; aucun secret de webhook configuré",
            "chaque scénario joué une fois",
        ]

    def deployment(self) -> str:
        """The supervisor configuration."""
        return str(CONFIGURATION)

    @_in_words
    def accepted(self) -> Sequence[Accepted]:
        """The double's ledger; its references tell Message 1 from Message 2."""
        ledger = self._stack.gateway.ledger()
        kinds = {str(reference): kind for reference, kind in self._rows("SELECT reference, kind FROM messages")}
        return [Accepted(_key(e.phone, kinds.get(e.reference or "")), e.id, e.accepted_at.timestamp()) for e in ledger]

    @_in_words
    def recorded(self) -> Mapping[str, str]:
        """Status of each message, by key; where a key has several rows, one that is not final speaks for it."""
        rows = self._rows(
            "SELECT c.phone, m.kind, m.status FROM messages m JOIN contacts c ON c.id = m.contact_id "
            "ORDER BY m.status IN ('pending', 'sending', 'unknown')"
        )
        return {_key(phone, kind): str(status) for phone, kind, status in rows}

    @_in_words
    def hold(self, point: Literal["before", "after"]) -> None:
        """The double keeps requests unanswered."""
        self._stack.gateway.behave(Behaviour(hold=point))

    @_in_words
    def held(self) -> int:
        """Requests held by the double."""
        return self._stack.gateway.counts().held

    @_in_words
    def release(self) -> None:
        """Held requests go on, new ones are answered at once."""
        self._stack.gateway.release()

    @_in_words
    def main_pid(self, role: str) -> int | None:
        """Pid of the program's main process under supervisord."""
        process = self._stack.programs.find(role)
        return process.pid if process else None

    @_in_words
    def child_pids(self, role: str) -> Sequence[int]:
        """Children of the worker's prefork pool; none while it is down."""
        process = self._stack.programs.find(role)
        try:
            return [child.pid for child in process.children()] if process else []
        except psutil.NoSuchProcess:
            return []

    @_in_words
    def deliver_again(self, keys: frozenset[str]) -> int:
        """Publish the wake-ups of these phones again, after Redis lost its locks."""
        with redis.Redis.from_url(self._stack.redis_url) as client:
            for pattern in ("idempotency:*", "campaign:lock:*"):
                for key in client.scan_iter(pattern):
                    client.delete(key)
        query = (
            "SELECT m.id FROM messages m JOIN contacts c ON c.id = m.contact_id WHERE c.phone = ANY(%s) ORDER BY m.id"
        )
        again = [int(identifier) for (identifier,) in self._rows(query, sorted(keys))]
        with Celery(broker=self._stack.redis_url, set_as_current=False) as app:
            for identifier in again:
                app.send_task(_TASK, args=[identifier], queue="messages")
        return len(again)

    @_in_words
    def periodic_runs(self) -> Mapping[str, int]:
        """Runs of periodic tasks that the stack recorded."""
        rows = self._rows("SELECT task, count(*) FROM task_runs GROUP BY task")
        return {str(task).rpartition(".")[2]: int(runs) for task, runs in rows}

    @_in_words
    def retry_delays(self) -> Sequence[float]:
        """One message is refused (429) again and again; only the waiting is skipped, by moving its due date to now."""
        self._stack.gateway.behave(Behaviour(rules=(Rule(outcome="status", status=429),)))
        (phone,) = self.launch(1)
        delays: list[float] = []
        try:
            while len(delays) < _MOST_REFUSALS:
                delay = self._delay_after_refusal(phone, len(delays) + 1)
                if delay is None:
                    break
                delays.append(delay)
                self._due_now(phone)
        finally:
            self._stack.gateway.behave(Behaviour())
        return delays

    def _delay_after_refusal(self, phone: str, failures: int) -> float | None:
        """Seconds given before the next attempt once that many refusals are recorded; None when the stack gave up."""

        def recorded() -> bool:
            status, count, _ = self._rows(_REFUSED, phone)[0]
            return bool(status == "failed" or (status == "pending" and count == failures))

        if not wait_until(recorded, _REFUSAL_SECONDS):
            msg = f"le refus numéro {failures} de la passerelle n'a pas été enregistré"
            raise DriverError(msg)
        status, _, delay = self._rows(_REFUSED, phone)[0]
        return None if status == "failed" else float(delay)

    def _due_now(self, phone: str) -> None:
        ((identifier,),) = self._rows(_DUE_NOW, phone)
        with Celery(broker=self._stack.redis_url, set_as_current=False) as app:
            app.send_task(_TASK, args=[identifier], queue="messages")
