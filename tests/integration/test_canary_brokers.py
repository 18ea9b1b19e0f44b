"""The broker fails without dying for good, and a chord loses a task: a small project that fails, and one that passes."""

from pathlib import Path

import pytest

from audit.model.findings import Outcome
from tests.integration.small_shop import RABBITMQ, fly, outcomes, the

pytestmark = pytest.mark.integration
CANCELS = "app.conf.worker_cancel_long_running_tasks_on_connection_loss = True"
THREADS = "app.conf.update(worker_pool='threads', worker_cancel_long_running_tasks_on_connection_loss=True)"
# Many projects have such a watchdog: a broker that is only slow then costs every task in flight.
WATCHDOG = """
import os, socket, threading, time

def watch(address):
    while True:
        try:
            with socket.create_connection(address, 1) as asked:
                asked.settimeout(1)
                asked.sendall(b"PING\\r\\n")
                asked.recv(16)
        except OSError:
            os._exit(3)
        time.sleep(0.5)

@signals.worker_ready.connect
def watched(**_):
    with app.connection_for_read() as connection:
        address = (connection.hostname, connection.port)
    threading.Thread(target=watch, args=(address,), daemon=True).start()
"""
COMPOSE = """
services:
  redis:
    image: redis:7
    command: redis-server {options}
  worker:
    image: boutique
    command: celery -A boutique worker --concurrency=2
    restart: always
"""
CHORD = """
from celery import chord

app.conf.update({settings})

@app.task
def count(district): ...

@app.task
def total(counts): ...

def census(): chord([count.s(1), count.s(2)])(total.s())
"""
REDIS_RESULTS = "result_backend='redis://redis.boutique.example/1'"


def test_cut_connections_run_a_task_twice_unless_the_worker_cancels_it(tmp_path: Path) -> None:
    found = the(fly(tmp_path / "defective", "connections-cut"), "connections-cut", Outcome.RESERVATION)
    assert "sont exécutées deux fois quand ses connexions au broker sont coupées" in found.sentence
    sound = fly(tmp_path / "sound", "connections-cut", more=CANCELS)
    found = the(sound, "connections-cut", Outcome.ESTABLISHED)
    assert "1 place libre sur 2, puis avec aucune place libre sur 2" in found.sentence


def test_cut_connections_end_a_worker_that_may_not_reconnect(tmp_path: Path) -> None:
    more = "app.conf.broker_connection_retry = False"
    found = the(fly(tmp_path / "one", "connections-cut", more=more), "connections-cut", Outcome.DEFECT)
    assert "broker_connection_retry=False" in found.sentence
    found = the(fly(tmp_path / "two", "connections-cut", more=THREADS), "connections-cut", Outcome.DEFECT)
    assert "NotImplementedError" in found.sentence


def test_a_frozen_broker_ends_a_worker_that_watches_it_too_closely(tmp_path: Path) -> None:
    found = the(fly(tmp_path / "defective", "broker-frozen", more=WATCHDOG), "broker-frozen", Outcome.DEFECT)
    assert "s'arrête (code 3" in found.sentence
    assert outcomes(fly(tmp_path / "sound", "broker-frozen"), "broker-frozen") == {Outcome.ESTABLISHED}


def test_what_an_emptied_broker_loses_is_told_by_the_shipped_broker(tmp_path: Path) -> None:
    forgets = {"compose.yaml": COMPOSE.format(options="--save '' --appendonly no")}
    more = "app.conf.broker_url = 'redis://redis:6379/0'"
    flight = fly(tmp_path / "defective", "broker-emptied", more=more, files=forgets)
    found = the(flight, "broker-emptied", Outcome.DEFECT)
    assert "qui n'écrit rien sur disque : 4 messages sur 6 sont perdus" in found.sentence.replace("\xa0", " ")
    keeps = {"compose.yaml": COMPOSE.format(options="--appendonly yes")}
    sound = fly(tmp_path / "sound", "broker-emptied", more=more, files=keeps)
    assert "`redis` de `compose.yaml:4` garde les siennes" in the(sound, "broker-emptied", Outcome.ESTABLISHED).sentence
    nobody = fly(tmp_path / "unknown", "broker-emptied")
    assert "rien ne dit si celui de la cible garde" in the(nobody, "broker-emptied", Outcome.UNDETERMINED).missing


def test_rabbitmq_is_cut_frozen_and_emptied_too(tmp_path: Path) -> None:
    names = ("connections-cut", "broker-frozen", "broker-emptied")
    flight = fly(tmp_path / "boutique", *names, broker=RABBITMQ)
    assert Outcome.DEFECT not in set().union(*(outcomes(flight, name) for name in names))
    assert {f"canary-{name}" for name in names} <= flight.records.keys()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (f"task_reject_on_worker_lost=False, {REDIS_RESULTS}", "la dernière tâche ne part jamais"),
        ("result_backend='rpc://'", "`rpc`) : NotImplementedError"),
        ("result_backend=None", "`aucun`) : NotImplementedError"),
    ],
)
def test_a_chord_that_cannot_end_is_a_defect(settings: str, told: str, tmp_path: Path) -> None:
    flight = fly(tmp_path / "defective", "chord", more=CHORD.format(settings=settings))
    assert told in the(flight, "chord", Outcome.DEFECT).sentence.replace("\xa0", " ")


def test_a_chord_whose_task_dies_ends_once(tmp_path: Path) -> None:
    flight = fly(tmp_path / "sound", "chord", more=CHORD.format(settings=REDIS_RESULTS))
    assert "(résultats : `redis`)" in the(flight, "chord", Outcome.ESTABLISHED).sentence.replace("\xa0", " ")
    without = fly(tmp_path / "without", "chord", more="app.conf.task_reject_on_worker_lost = False")
    assert outcomes(without, "chord") == {Outcome.NOT_APPLICABLE}
