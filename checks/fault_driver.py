"""What the laboratory needs of the reference stack beside `checks.driver`: crash points, disturbances, a second worker."""

import configparser
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import psycopg

from audit.experiments.driver import Accepted, DriverError
from audit.experiments.laboratory.fault_driver import Stake
from audit.experiments.waiting import wait_until
from audit.french.typography import french_integer
from checks.crash_points import POINTS
from checks.disturbances import DISTURBANCES
from checks.driver import _MESSAGE_2, ReferenceDriver, _in_words, _inbound, _key
from checks.gateway_process import GatewayProcess
from checks.webhook_sender import SECRET, WebhookSender
from system.sandbox.processes import GuardedProcess, SandboxError
from system.sandbox.programs import Programs
from system.sandbox.stack import RunningStack, running_stack
from system.sandbox.starters import CONFIGURATION

# The blocks that the French regulator keeps for fiction: nobody answers there.
FICTION = ("+3363998", "+3319900", "+3326191", "+3335301", "+3346571", "+3353649")
DAILY_LIMIT = 100_000_000
_SECOND = "worker-2"
_SENT_SECONDS = 20.0
# A session of an hour is not given up because the machine is busy when it begins.
_START_SECONDS = 240.0
_OPEN = "('pending', 'sending', 'unknown')"
_SENT = "('sent', 'delivered', 'read')"
_OF = "FROM messages m JOIN contacts c ON c.id = m.contact_id"
_NEW_CONTACTS = f"""
    SELECT c.phone {_OF} WHERE m.kind = 'message_1' AND m.status IN {_SENT} AND NOT c.phone = ANY(%s)
    ORDER BY m.id DESC LIMIT %s
"""
_HASTEN = """
    UPDATE messages SET next_attempt_at = now(), published_at = now() - interval '1 hour'
    WHERE status IN ('pending', 'unknown') AND next_attempt_at > now()
"""


class ReferenceFaultDriver(ReferenceDriver):
    """The reference driver under fire: sends by the ten thousand, signed webhooks, one more worker on demand.

    `lease_seconds` and `gateway_seconds` are the shortened lease and the gateway's deadline, which outlives the placing of
    a fault on a busy machine.
    """

    daily_limit = DAILY_LIMIT

    def __init__(self, root: Path, lease_seconds: float = 9.0, gateway_seconds: float = 5.0) -> None:
        super().__init__(root)
        self._lease_seconds, self._gateway_seconds = lease_seconds, gateway_seconds
        self._ledger: list[Accepted] = []
        self._used: set[str] = set()
        self._expected: set[str] = set()
        self._programs: dict[str, Programs] = {}

    @property
    def stack(self) -> RunningStack:
        """The running stack. Raises DriverError when it is not running."""
        return self._stack

    @_in_words
    def start(self) -> None:
        """Start everything as the reference driver does, with a webhook secret."""
        limits = {"DAILY_MESSAGE_LIMIT": str(DAILY_LIMIT), "WASSENGER_WEBHOOK_SECRET": SECRET}
        stack = running_stack(
            self._root,
            alert_after_seconds=600,
            start_seconds=_START_SECONDS,
            stop_seconds=0.5,
            send_lease_seconds=self._lease_seconds,
            gateway_timeout_seconds=self._gateway_seconds,
            extra_env=limits,
        )
        self._running = self._parts.enter_context(stack)
        self.webhooks = WebhookSender(self._stack.web_url)
        self.gateway = GatewayProcess(self._stack)
        self._parts.callback(self.gateway.stop)
        self._programs = {"worker": self._stack.programs}

    @_in_words
    def add_worker(self) -> str:
        """A second supervisord with the shipped `[program:worker]`, under another node name."""
        shipped = configparser.RawConfigParser(inline_comment_prefixes=(";",))
        shipped.read(self._root / CONFIGURATION)
        other = configparser.RawConfigParser()
        for section in ("supervisord", "program:worker"):
            other.read_dict({section: dict(shipped.items(section))})
        command = other.get("program:worker", "command")
        other.set("program:worker", "command", f"{command} --hostname=second@%%h")
        file = self._stack.logs / "second-host.conf"
        with file.open("w", encoding="utf-8") as stream:
            other.write(stream)
        run = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(file)]
        run += ["--pidfile", str(self._stack.logs / "second-host.pid")]
        log = self._stack.logs / "second-host.log"
        supervisor = GuardedProcess("second host", run, log=log, env=self._stack.env, cwd=self._root, grace=0.5)
        self._parts.callback(supervisor.stop)
        self._programs[_SECOND] = Programs(supervisor)
        if not wait_until(lambda: self.child_pids(_SECOND), _START_SECONDS):
            msg = "le second worker ne démarre pas"
            raise DriverError(msg)
        return _SECOND

    def workers(self) -> Sequence[str]:
        """The worker, then the second one if it was added."""
        return tuple(self._programs)

    @_in_words
    def main_pid(self, role: str) -> int | None:
        """Pid of the main process of this role, on whichever host."""
        process = self._programs.get(role, self._stack.programs).find(role.removesuffix("-2"))
        return process.pid if process else None

    @_in_words
    def child_pids(self, role: str) -> Sequence[int]:
        """Children of the worker's pool; none while it is down."""
        try:
            return self._programs.get(role, self._stack.programs).child_pids(role.removesuffix("-2"))
        except (SandboxError, psutil.NoSuchProcess):
            return []

    def worker_pids(self) -> list[int]:
        """Children of every worker."""
        return [pid for role in self.workers() for pid in self.child_pids(role)]

    @_in_words
    def launch(self, contacts: int) -> frozenset[str]:
        """Launch a campaign with the tree's own code, to numbers never used before."""
        phones = [f"{FICTION[n // 10_000]}{n % 10_000:04d}" for n in islice(self._numbers, contacts)]
        # Before: whatever the answer, what reached the database is sent one day, and then it was expected.
        self._expected.update(phones)
        try:
            self._stack.launch_campaign("Audit", "Bonjour", phones)
        except SandboxError:
            # Launched in the database, and not published: the recovery has to find it, so that it counts.
            if not self.known(frozenset(phones)):
                self._expected.difference_update(phones)
                raise
        return frozenset(phones)

    @_in_words
    def accepted(self) -> Sequence[Accepted]:
        """The double's ledger, read once an entry."""
        if self.gateway.up:
            new = self._stack.gateway.ledger(since=len(self._ledger))
            references = [e.reference for e in new if e.reference]
            rows = self._rows("SELECT reference, kind FROM messages WHERE reference = ANY(%s)", references)
            kinds = {str(reference): kind for reference, kind in rows}
            self._ledger += [
                Accepted(_key(e.phone, kinds.get(e.reference or "")), e.id, e.accepted_at.timestamp()) for e in new
            ]
        return self._ledger

    @_in_words
    def release(self) -> None:
        """Held requests go on; a double that is down holds none."""
        if self.gateway.up:
            self._stack.gateway.release()

    def reach(self, point: str, contacts: int) -> AbstractContextManager[Stake]:
        """See `checks.crash_points`."""
        return _words_around(lambda: POINTS[point](self, contacts))

    def disturb(self, name: str) -> AbstractContextManager[Stake]:
        """See `checks.disturbances`."""
        return _words_around(lambda: DISTURBANCES[name](self))

    @_in_words
    def sending(self) -> frozenset[str]:
        """Keys of the rows `sending`."""
        return self._keys(f"SELECT c.phone, m.kind {_OF} WHERE m.status = 'sending'")

    @_in_words
    def unsettled(self) -> frozenset[str]:
        """Keys of the rows that are pending, sending or unknown."""
        return self._keys(f"SELECT c.phone, m.kind {_OF} WHERE m.status IN {_OPEN}")

    def _keys(self, query: str, *parameters: Any) -> frozenset[str]:
        return frozenset(_key(phone, kind) for phone, kind in self._rows(query, *parameters))

    @_in_words
    def hasten(self) -> None:
        """Retries and postponed sends become due now; the sweep wakes them."""
        with psycopg.connect(self._stack.database_url, autocommit=True) as connection:
            connection.execute(_HASTEN)

    def acknowledged(self) -> frozenset[str]:
        """Inbound messages whose webhook was answered with success."""
        return frozenset(self.webhooks.acknowledged)

    def delivered(self) -> frozenset[str]:
        """Genuine inbound messages, answered or not."""
        return frozenset(self.webhooks.delivered)

    def inbound(self, phone: str) -> dict[str, Any]:
        """A new inbound message from this phone."""
        return _inbound(phone, f"FIRE{next(self._inbound):08d}")

    def expected(self) -> frozenset[str]:
        """Everything launched, and the Message 2 that genuine webhooks have earned."""
        return frozenset(self._expected)

    def follow_ups(self, phones: Sequence[str]) -> frozenset[str]:
        """Keys of the Message 2 of these phones, which are expected from now on."""
        keys = frozenset(phone + _MESSAGE_2 for phone in phones)
        self._expected |= keys
        return keys

    def sent_contacts(self, count: int) -> list[str]:
        """Phones whose Message 1 is sent and which never answered; some are launched when there are too few."""

        def fresh() -> list[str]:
            return [str(phone) for (phone,) in self._rows(_NEW_CONTACTS, list(self._used), count)]

        if len(fresh()) < count:
            self.release()
            self.launch(count)
        if not wait_until(lambda: len(fresh()) >= count, _SENT_SECONDS):
            msg = "les Message 1 préalables ne sont pas partis"
            raise DriverError(msg)
        phones = fresh()
        self._used.update(phones)
        return phones

    def sent(self) -> int:
        """How many sends are recorded."""
        ((count_,),) = self._rows(f"SELECT count(*) {_OF} WHERE m.status IN {_SENT}")
        return int(count_)

    def known(self, keys: frozenset[str]) -> frozenset[str]:
        """Those of these keys that have a row."""
        phones = [key.removesuffix(_MESSAGE_2) for key in keys]
        return keys & self._keys(f"SELECT c.phone, m.kind {_OF} WHERE c.phone = ANY(%s)", phones)

    def whatsapp_ids(self, phones: Sequence[str]) -> list[str]:
        """WhatsApp's identifiers of the Message 1 of these phones."""
        query = f"SELECT m.wa_id {_OF} WHERE c.phone = ANY(%s) AND m.kind = 'message_1'"
        return [str(wa_id) for (wa_id,) in self._rows(query, list(phones))]

    def statuses(self, phones: Sequence[str]) -> set[str]:
        """Statuses of the Message 1 of these phones."""
        query = f"SELECT DISTINCT m.status {_OF} WHERE c.phone = ANY(%s) AND m.kind = 'message_1'"
        return {str(status) for (status,) in self._rows(query, list(phones))}

    def age(self, phones: Sequence[str], *, minutes: int) -> None:
        """Move the sending of the Message 1 of these phones to so many minutes ago."""
        query = (
            "UPDATE messages m SET sent_at = now() - make_interval(mins => %s) FROM contacts c "
            "WHERE c.id = m.contact_id AND c.phone = ANY(%s) AND m.kind = 'message_1' RETURNING m.id"
        )
        self._rows(query, minutes, list(phones))

    @contextmanager
    def frozen_broker(self) -> Iterator[None]:
        """The broker answers nothing while the block lasts."""
        if self._stack.servers.redis is None:
            msg = "le broker n'est pas à nous : il ne peut être gelé"
            raise DriverError(msg)
        process = self._stack.servers.redis.process
        process.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.signal(signal.SIGCONT)

    def conditions(self) -> Sequence[str]:
        """Those of the reference driver, with what differs here."""
        told = [c for c in super().conditions() if not c.startswith(("limite quotidienne", "chaque scénario"))]
        return [
            *told,
            f"limite quotidienne portée à {french_integer(self.daily_limit)} messages, et réputée atteinte pendant la seule faute « passage de minuit UTC » ; webhooks signés ; délais de reprise sautés en avançant leur échéance",
        ]


@contextmanager
def _words_around(block: Callable[[], AbstractContextManager[Stake]]) -> Iterator[Stake]:
    """What a block of ours could not do, as a DriverError; what its user raises goes through."""
    manager = _in_words(block)()
    stake = _in_words(manager.__enter__)()
    try:
        yield stake
    except BaseException as error:
        if not manager.__exit__(type(error), error, error.__traceback__):
            raise
    else:
        _in_words(manager.__exit__)(None, None, None)
