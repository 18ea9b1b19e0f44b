"""Each scenario of the canary on a small project that fails it for the right reason, and on one that passes."""

import re
from pathlib import Path

import pytest

from audit.model.findings import Outcome
from tests.integration.small_shop import RABBITMQ, fly, outcomes, the
from tests.versions.environments import interpreter_of

pytestmark = pytest.mark.integration
ENVIRONMENTS = Path(__file__).parents[2] / "build" / "versions"
COMPOSE = """
services:
  worker:
    image: boutique
    command: celery -A boutique worker --concurrency=2
    restart: always
    stop_grace_period: 10s
    environment:
      {environment}
"""
SUPERVISOR = """
[program:worker]
command=celery -A boutique worker --concurrency=2
stopsignal=TERM
stopwaitsecs=60
autorestart=true
{group}
"""
BOUNDED = """
import os
from celery import Task
from celery.exceptions import Reject

class Bounded(Task):
    def __call__(self, *args, **kwargs):
        path = os.path.join(os.environ["HOME"], self.request.id)
        with open(path, "a") as counter:
            counter.write("x")
        if os.path.getsize(path) > 3:
            raise Reject("delivered too often", requeue=False)
        return super().__call__(*args, **kwargs)

app.Task = Bounded
"""


def test_a_release_that_dies_with_its_broker_is_seen_with_a_free_slot(tmp_path: Path) -> None:
    python = interpreter_of("5.7.0", ENVIRONMENTS)
    flight = fly(tmp_path / "boutique", "broker-restarted", python=python)
    found = the(flight, "broker-restarted", Outcome.DEFECT)
    assert "AttributeError" in found.sentence
    assert "1 place libre sur 2" in found.sentence


def test_a_release_that_survives_its_broker_does_so_with_and_without_a_free_slot(tmp_path: Path) -> None:
    flight = fly(tmp_path / "boutique", "broker-restarted")
    found = the(flight, "broker-restarted", Outcome.ESTABLISHED)
    assert "1 place libre sur 2, puis avec aucune place libre sur 2" in found.sentence


def test_threads_that_cancel_on_connection_loss_take_the_worker_with_them(tmp_path: Path) -> None:
    more = "app.conf.update(worker_pool='threads', worker_cancel_long_running_tasks_on_connection_loss=True)"
    found = the(fly(tmp_path / "defective", "broker-restarted", more=more), "broker-restarted", Outcome.DEFECT)
    assert "NotImplementedError" in found.sentence
    sound = fly(tmp_path / "sound", "broker-restarted", more="app.conf.worker_pool = 'threads'")
    assert Outcome.DEFECT not in outcomes(sound, "broker-restarted")


def test_a_soft_shutdown_that_never_starts_leaves_messages_unacknowledged(tmp_path: Path) -> None:
    more, files = "app.conf.worker_soft_shutdown_timeout = 3", {"compose.yaml": COMPOSE.format(environment="A: b")}
    found = the(fly(tmp_path / "defective", "sigterm", more=more, files=files), "sigterm", Outcome.DEFECT)
    assert "`worker_soft_shutdown_timeout=3` est réglé" in found.sentence
    assert "2 messages non acquittés" in found.sentence
    files = {"compose.yaml": COMPOSE.format(environment="REMAP_SIGTERM: SIGQUIT")}
    sound = the(fly(tmp_path / "sound", "sigterm", more=more, files=files), "sigterm", Outcome.ESTABLISHED)
    assert "s'arrête de lui-même" in sound.sentence
    assert "0 non acquittés" in sound.sentence


def test_sigterm_to_the_group_cuts_the_tasks(tmp_path: Path) -> None:
    more = "app.conf.task_time_limit = 8"
    files = {"supervisord.conf": SUPERVISOR.format(group="stopasgroup=true")}
    found = the(fly(tmp_path / "defective", "sigterm", more=more, files=files), "sigterm", Outcome.DEFECT)
    assert "au groupe de processus du worker, comme le fait `supervisord.conf`" in found.sentence
    files = {"supervisord.conf": SUPERVISOR.format(group="killasgroup=true")}
    sound = the(fly(tmp_path / "sound", "sigterm", more=more, files=files), "sigterm", Outcome.ESTABLISHED)
    assert "SIGKILL n'a pas été joué" in sound.sentence


STARTED_BY_A_SCRIPT = """
[program:worker]
command=/srv/start.sh
stopsignal=TERM
stopwaitsecs=60
autorestart=true
"""
TRAPPED = """#!/bin/bash
celery -A boutique worker --concurrency=2 &
pid=$!
trap 'kill -TERM "$pid"; wait "$pid"' TERM
wait "$pid"
"""


def test_a_script_that_keeps_sigterm_to_itself_is_refuted_by_execution(tmp_path: Path) -> None:
    more, bare = (
        "app.conf.task_time_limit = 8",
        "#!/bin/sh\nset -e\npython manage.py check\n{}celery -A boutique worker\n",
    )
    files = {"supervisord.conf": STARTED_BY_A_SCRIPT, "start.sh": bare.format("")}
    found = the(fly(tmp_path / "defective", "sigterm", more=more, files=files), "sigterm", Outcome.DEFECT)
    assert "ce que lance `start.sh` n'atteint pas le worker" in found.sentence
    assert "exécuté encore 5 messages" in found.sentence.replace("\xa0", " ")
    for name, text in (("exec", bare.format("exec ")), ("trap", TRAPPED)):
        files["start.sh"] = text
        sound = the(fly(tmp_path / name, "sigterm", more=more, files=files), "sigterm", Outcome.ESTABLISHED)
        assert "à ce que lance `start.sh`" in sound.sentence


def test_process_1_of_a_container_that_does_not_forward_sigterm_is_refuted_by_execution(tmp_path: Path) -> None:
    command = 'sh -c "cd /srv && {}celery -A boutique worker --concurrency=2"'
    more, plain = "app.conf.task_time_limit = 8", "celery -A boutique worker --concurrency=2"
    text = COMPOSE.format(environment="A: b")
    files = {"compose.yaml": text.replace(plain, command.format(""))}
    found = the(fly(tmp_path / "defective", "sigterm", more=more, files=files), "sigterm", Outcome.DEFECT)
    assert "n'atteint pas le worker" in found.sentence
    files = {"compose.yaml": text.replace(plain, command.format("exec "))}
    assert outcomes(fly(tmp_path / "sound", "sigterm", more=more, files=files), "sigterm") == {Outcome.ESTABLISHED}


def test_a_script_that_cannot_be_played_leaves_its_signal_to_the_reading(tmp_path: Path) -> None:
    files = {"supervisord.conf": STARTED_BY_A_SCRIPT, "start.sh": "#!/bin/sh\ntimeout 9h celery -A boutique worker\n"}
    flight = fly(tmp_path / "boutique", "sigterm", more="app.conf.task_time_limit = 8", files=files)
    found = the(flight, "sigterm", Outcome.UNDETERMINED)
    assert "lancé par `timeout`, dont rien ne dit ce qu'il fait des signaux" in found.missing


def test_a_poisonous_message_is_delivered_without_end_unless_something_counts(tmp_path: Path) -> None:
    found = the(fly(tmp_path / "defective", "poison"), "poison", Outcome.RESERVATION)
    # It ends with the 12th delivery, or after 10 s: whichever is first on this machine.
    assert re.search(r"\b\d+\slivraisons en (?:\d,\d\d|10)\ss, et rien ne les borne", found.sentence)
    sound = the(fly(tmp_path / "sound", "poison", more=BOUNDED), "poison", Outcome.ESTABLISHED)
    assert "est abandonné" in sound.sentence


def test_a_default_pace_is_told_and_does_not_stop_the_canary(tmp_path: Path) -> None:
    more = "app.conf.task_default_rate_limit = '1/m'"
    flight = fly(tmp_path / "defective", "ordinary", "child-killed", more=more)
    assert "1 message sur 12 a commencé" in the(flight, "ordinary", Outcome.RESERVATION).sentence
    assert outcomes(flight, "child-killed") == {Outcome.ESTABLISHED}


def test_a_worker_that_changes_its_settings_when_it_starts_is_a_defect_by_name(tmp_path: Path) -> None:
    more = """
@signals.worker_init.connect
def early(**_):
    app.conf.task_acks_late = False
"""
    found = the(fly(tmp_path / "defective", "asked", more=more), "asked", Outcome.DEFECT)
    assert "`task_acks_late` : `False` au lieu de `True`" in found.sentence.replace("\xa0", " ")


def test_a_busy_worker_keeps_what_its_multiplier_says(tmp_path: Path) -> None:
    more = "app.conf.worker_prefetch_multiplier = 8"
    found = the(fly(tmp_path / "defective", "reserved", more=more), "reserved", Outcome.RESERVATION)
    assert "garde 14 messages d'avance" in found.sentence.replace("\xa0", " ")
    sound = fly(tmp_path / "sound", "asked", "reserved")
    assert outcomes(sound, "reserved") == outcomes(sound, "asked") == {Outcome.ESTABLISHED}


def test_a_long_delay_is_executed_again_and_again_beyond_a_long_visibility_timeout(tmp_path: Path) -> None:
    more = """
@app.task
def remind(order): ...

def ordered(order): remind.apply_async(args=[order], countdown={seconds})
"""
    flight = fly(tmp_path / "defective", "delayed", more=more.format(seconds=86400))
    found = the(flight, "delayed", Outcome.DEFECT).sentence.replace("\xa0", " ")
    assert "ramené à 2 s pour l'essai" in found
    assert "exécuté 2 fois" in found
    assert "`countdown` de `boutique.py:" in found
    sound = fly(tmp_path / "sound", "delayed", more=more.format(seconds=60))
    assert outcomes(sound, "delayed") == {Outcome.ESTABLISHED}


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_rabbitmq_gives_back_at_once_what_a_dead_worker_held(kind: str, tmp_path: Path) -> None:
    more = "" if kind == "classic" else "app.conf.task_default_queue_type = 'quorum'"
    flight = fly(tmp_path / "boutique", "child-killed", "main-killed", more=more, broker=RABBITMQ)
    assert outcomes(flight, "child-killed") == {Outcome.ESTABLISHED}
    assert the(flight, "main-killed", Outcome.ESTABLISHED)
    assert any(f"file de type `{kind}`" in told for told in flight.conditions)


def test_rabbitmq_loses_what_was_acknowledged_early(tmp_path: Path) -> None:
    more = "app.conf.task_acks_late = False"
    flight = fly(tmp_path / "boutique", "main-killed", more=more, broker=RABBITMQ)
    assert "2 tâches sur 6 sont perdues" in the(flight, "main-killed", Outcome.DEFECT).sentence.replace("\xa0", " ")


def test_a_broker_that_the_canary_cannot_start_is_said(tmp_path: Path) -> None:
    flight = fly(tmp_path / "boutique", "main-killed", broker="memory://")
    assert "ne sait lancer que Redis et RabbitMQ" in the(flight, "main-killed", Outcome.UNDETERMINED).missing
