"""The private RabbitMQ: a real node that the canary starts, kills and starts again, and what its queues hold."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

from audit.experiments.canary.held_messages import CountedMessages
from audit.experiments.canary.private_broker import BrokerProcess
from audit.experiments.waiting import wait_until

# Not RabbitMQ's own port: what the target reaches at localhost:5672 by itself must not be answered. Its distribution takes
# this port and 20,000 more.
PORT = 16372
BROKER = f"amqp://guest:guest@127.0.0.1:{PORT}//"
# Debian's command changes its user, which a namespace of one user cannot: the script that it calls does not.
_DEBIAN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
# The node itself writes what its queues hold: asking it from outside (`rabbitmqctl`) starts a virtual machine each time.
# Only when asked: a queue that is looked at without end never rests, and writes its messages to the disk when it rests.
_COUNTS = """
Told = fun() -> lists:map(fun(Queue) ->
    [{_, Ready}, {_, Held}] = rabbit_amqqueue:info(Queue, [messages_ready, messages_unacknowledged]),
    io_lib:format("~w ~w~n", [Ready, Held])
  end, [Queue || Queue <- rabbit_amqqueue:list(), element(4, element(2, Queue)) =:= <<"QUEUE">>]) end,
Answer = fun() ->
  file:delete("FILE.ask"),
  file:write_file("FILE.part", iolist_to_binary([Told(), "end"])),
  file:rename("FILE.part", "FILE") end,
Cut = fun() ->
  [exit(Connection, kill) || Connection <- rabbit_networking:connections()],
  file:delete("FILE.cut") end,
Wait = fun Loop() ->
  filelib:is_regular("FILE.ask") andalso (catch Answer()),
  filelib:is_regular("FILE.cut") andalso (catch Cut()),
  timer:sleep(50), Loop()
end, spawn(Wait).
"""
# A busy machine lets a node wait.
_ANSWER_SECONDS = 10.0


def find_rabbitmq() -> str:
    """Path of the program that starts a node, from the PATH; empty when there is none."""
    found = shutil.which("rabbitmq-server")
    if found and found.startswith("/usr/sbin/") and _DEBIAN.exists():
        return str(_DEBIAN)
    return found or ""


class PrivateRabbitMQ(BrokerProcess):
    """A node on 127.0.0.1, alone in its network namespace (its port mapper too), with its data in a private directory."""

    broker = BROKER

    def __init__(self, program: str, directory: Path, queue: str) -> None:
        self._program = program
        self._directory = directory / "rabbitmq"
        self._directory.mkdir()
        self._counts = self._directory / "counts"
        self._asked = self._directory / "counts.ask"
        self._queue = queue

    def start(self, seconds: float = 60.0) -> bool:
        """Start, or start again on the same data; False when it does not answer in time."""
        with (self._directory / "node.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._program],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                env=self._environment(),
            )
        return wait_until(lambda: self._process_ended() or self.answers(), seconds) and not self._process_ended()

    def erase(self) -> None:
        """Remove what a killed node wrote, so that it comes back empty."""
        shutil.rmtree(self._directory / "mnesia", ignore_errors=True)

    def cut(self) -> bool:
        """Kill the node's end of every connection; False where it does not answer."""
        order = self._directory / "counts.cut"
        order.touch()
        return wait_until(lambda: not order.exists(), _ANSWER_SECONDS, 0.02)

    def held(self) -> CountedMessages | None:
        """How many messages wait and how many are unacknowledged; None when the node does not answer."""
        self._counts.unlink(missing_ok=True)
        self._asked.touch()
        if (
            not wait_until(lambda: self._process_ended() or self._counts.exists(), _ANSWER_SECONDS, 0.02)
            or self._process_ended()
        ):
            return None
        lines = self._counts.read_text(encoding="ascii").splitlines()
        if lines[-1:] != ["end"]:
            return None
        rows = [tuple(int(n) for n in line.split()) for line in lines[:-1]]
        return CountedMessages(sum(r[0] for r in rows), sum(r[1] for r in rows))

    def answers(self) -> bool:
        """Whether the node listens, and says what it holds."""
        try:
            socket.create_connection(("127.0.0.1", PORT), 1.0).close()
        except OSError:
            return False
        return self.held() is not None

    def _process_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def _environment(self) -> dict[str, str]:
        place = str(self._directory)
        script = self._directory / "counts.erl"
        text = _COUNTS.replace("FILE", str(self._counts)).replace("QUEUE", self._queue)
        script.write_text(text, encoding="ascii")
        # Nothing to accept or refuse here: the namespace has one user and no way out.
        plain = "[{rabbit,[{loopback_users,[]},{log,[{file,[{level,error}]}]}]}]."
        (self._directory / "advanced.config").write_text(plain, encoding="ascii")
        own = {
            "NODENAME": "canary@localhost",
            "NODE_IP_ADDRESS": "127.0.0.1",
            "NODE_PORT": str(PORT),
            "BASE": place,
            "MNESIA_BASE": f"{place}/mnesia",
            "LOG_BASE": f"{place}/log",
            "ADVANCED_CONFIG_FILE": f"{place}/advanced.config",
            "CONFIG_FILE": f"{place}/none",
            "CONF_ENV_FILE": f"{place}/none",
            "ENABLED_PLUGINS_FILE": f"{place}/none",
            "PLUGINS_EXPAND_DIR": f"{place}/plugins",
            "ALLOW_INPUT": "1",
            # One scheduler: one for each processor would keep a small machine busy for nothing.
            "SERVER_ADDITIONAL_ERL_ARGS": f"-noinput +S 1:1 +A 4 -run file script {script}",
        }
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "HOME": place, **{f"RABBITMQ_{name}": value for name, value in own.items()}}
