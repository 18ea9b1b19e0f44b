"""Start scripts as they are written in production: what each starts, and what starts it again."""

import pytest

from tests.unit.audit.reading.collecting import Collect

_SCRIPTS = {
    "both waited for": (
        r"""#!/bin/bash
set -euo pipefail
celery -A shop worker --loglevel="${LOG_LEVEL:-info}" --concurrency="${CONCURRENCY:-4}" &
WORKER_PID=$!
celery -A shop beat --loglevel=info &
BEAT_PID=$!
trap 'kill -TERM "$WORKER_PID" "$BEAT_PID" 2>/dev/null' TERM INT
wait -n "$WORKER_PID" "$BEAT_PID"
exit $?
""",
        [("worker", "", "4", ""), ("beat", "", "", "")],
    ),
    "killed on exit": (
        r"""#!/usr/bin/env bash
set -e
trap 'kill $(jobs -p)' EXIT
celery -A shop worker -Q default,mail -c ${WORKERS:=2} &
celery -A shop beat --pidfile= &
gunicorn shop.wsgi:application --bind 0.0.0.0:${PORT:-8000} --workers 3
""",
        [("worker", "default,mail", "2", ""), ("beat", "", "", ""), ("web", "", "", "")],
    ),
    "positional parameters set": (
        r"""#!/bin/sh
set -e
python manage.py migrate --noinput
if [ "$1" = "worker" ]; then
    shift
    set -- celery -A shop worker --concurrency=4 "$@"
fi
exec "$@"
""",
        [("worker", "", "4", "")],
    ),
    "a case by role": (
        r"""#!/bin/bash
set -eo pipefail
case "${1:-web}" in
  web)
    exec gunicorn shop.wsgi -b :8000
    ;;
  worker)
    shift
    exec celery --app shop worker -l INFO -c "${CELERY_CONCURRENCY:-4}" "$@"
    ;;
  beat)
    rm -f /tmp/celerybeat.pid
    exec celery --app shop beat -l INFO --pidfile=/tmp/celerybeat.pid
    ;;
  *)
    exec "$@"
    ;;
esac
""",
        [("web", "", "", ""), ("worker", "", "4", ""), ("beat", "", "", "")],
    ),
    "an endless loop": (
        r"""#!/bin/bash
while true
do
    celery -A shop worker --concurrency=4 --max-tasks-per-child=100
    echo "worker exited with $?, restarting" >&2
    sleep 1
done
""",
        [("worker", "", "4", "loop")],
    ),
    "here-documents": (
        r"""#!/bin/bash
cat > /etc/supervisor/conf.d/x.conf <<EOF
[program:x]
command=celery -A shop worker
EOF
cat <<'EOS'
celery -A shop beat
EOS
exec supervisord -n -c /etc/supervisor/supervisord.conf
""",
        [("other", "", "", "")],
    ),
    "functions with defaults": (
        r"""#!/bin/sh
start_worker() {
  queue="$1"
  celery -A shop worker -Q "$queue" -c "${2:-4}" -n "$queue@%h" &
}
start_beat() {
  celery -A shop beat &
}
main() {
  start_worker default 8
  start_worker mail
  start_beat
  wait
}
main "$@"
""",
        [("worker", "default", "8", ""), ("worker", "mail", "4", ""), ("beat", "", "", "")],
    ),
    "su-exec when root": (
        r"""#!/bin/sh
set -e
chown -R app:app /data
if [ "$(id -u)" = '0' ]; then
  exec su-exec app:app celery -A shop worker --concurrency=4
fi
exec celery -A shop worker --concurrency=4
""",
        [("worker", "", "4", ""), ("worker", "", "4", "")],
    ),
    "tini, then gosu": (
        r"""#!/bin/bash
exec tini -g -- gosu app celery -A shop worker --concurrency=4
""",
        [("worker", "", "4", "")],
    ),
    "dumb-init, then poetry": (
        r"""#!/bin/bash
exec dumb-init --rewrite 15:3 -- poetry run celery -A shop worker --concurrency=4
""",
        [("worker", "", "4", "")],
    ),
    "uv run": (
        r"""#!/bin/bash
uv run --no-sync --env-file .env celery -A shop worker --concurrency=4 &
uv run --frozen python -m celery -A shop beat
""",
        [("worker", "", "4", ""), ("beat", "", "", "")],
    ),
    "newrelic-admin": (
        r"""#!/bin/bash
NEW_RELIC_CONFIG_FILE=/etc/newrelic.ini exec newrelic-admin run-program celery -A shop worker --concurrency=4
""",
        [("worker", "", "4", "")],
    ),
    "agents": (
        r"""#!/bin/bash
ddtrace-run celery -A shop worker --concurrency=4 &
opentelemetry-instrument --service_name x celery -A shop beat &
wait
""",
        [("worker", "", "4", ""), ("beat", "", "", "")],
    ),
    "wait-for-it": (
        r"""#!/bin/bash
until nc -z redis 6379; do
  echo "waiting for redis"
  sleep 1
done
./wait-for-it.sh db:5432 -t 60 -- celery -A shop worker --concurrency=4
""",
        [("worker", "", "4", "")],
    ),
    "parameters built one by one": (
        r"""#!/bin/sh
: "${CELERY_APP:=shop}"
: "${CONCURRENCY:=4}"
set -- --app "$CELERY_APP" worker
[ -n "$QUEUES" ] && set -- "$@" -Q "$QUEUES"
set -- "$@" --concurrency "$CONCURRENCY"
exec celery "$@"
""",
        [("worker", "$QUEUES", "4", "")],
    ),
    "a loop in a function's place, its trap and its wait": (
        r"""#!/bin/bash
worker() { celery -A shop worker --concurrency=4; }
while :; do
  worker || echo "died"
  sleep 5
done &
LOOP=$!
trap "kill -TERM $LOOP" TERM
wait $LOOP
""",
        [("worker", "", "4", "loop")],
    ),
    "pipes and substitutions": (
        r"""#!/bin/bash
celery -A shop worker --concurrency=4 2>&1 | tee -a /var/log/worker.log &
celery -A shop beat > >(sed 's/^/beat: /') 2>&1 &
wait -n
""",
        [("worker", "", "4", ""), ("beat", "", "", "")],
    ),
    "su -c": (
        r"""#!/bin/bash
su -s /bin/sh -c 'exec celery -A shop worker --concurrency=4' app
""",
        [("worker", "", "4", "")],
    ),
    "runuser and setpriv": (
        r"""#!/bin/bash
runuser -u app -- celery -A shop worker --concurrency=4 &
setpriv --reuid=app --regid=app --init-groups celery -A shop beat &
wait
""",
        [("worker", "", "4", ""), ("beat", "", "", "")],
    ),
    "an array that grows": (
        r"""#!/bin/bash
ARGS=(--app shop worker)
ARGS+=(--concurrency "${CONCURRENCY:-4}")
if [[ -n "${QUEUES:-}" ]]; then
  ARGS+=(-Q "$QUEUES")
fi
exec celery "${ARGS[@]}"
""",
        [("worker", "$QUEUES", "4", "")],
    ),
    "kill -0": (
        r"""#!/bin/bash
celery -A shop worker --concurrency=4 &
PID=$!
while kill -0 $PID 2>/dev/null; do
  sleep 5
done
exit 1
""",
        [("worker", "", "4", "")],
    ),
    "detached": (
        r"""#!/bin/bash
celery multi start w1 -A shop -c 4 --pidfile=/run/%n.pid
celery -A shop beat --detach
tail -f /dev/null
""",
        [("worker", "", "4", ""), ("beat", "", "", "")],
    ),
    "env -i, nice, ionice": (
        r"""#!/bin/bash
env -i PATH=$PATH nice -n 10 ionice -c 3 celery -A shop worker --concurrency=4
""",
        [("worker", "", "4", "")],
    ),
    "bash -c in the background": (
        r"""#!/bin/bash
bash -c "source .env && cd /srv && exec celery -A shop worker --concurrency=4" &
wait
""",
        [("worker", "", "4", "")],
    ),
    "flock": (
        r"""#!/bin/bash
flock -n /tmp/beat.lock celery -A shop beat
""",
        [("beat", "", "", "")],
    ),
    "exec of a redirection alone": (
        r"""#!/bin/bash
exec > >(tee log) 2>&1
exec celery -A shop worker --concurrency=4
""",
        [("worker", "", "4", "")],
    ),
    "a supervisor in a function": (
        r"""#!/bin/bash
supervise() {
  local name=$1; shift
  until "$@"; do
    echo "$name died"; sleep 2
  done
}
supervise worker celery -A shop worker --concurrency=4 &
while true; do celery -A shop beat || true; sleep 2; done &
wait
""",
        [("worker", "", "4", "loop"), ("beat", "", "", "loop")],
    ),
}


@pytest.mark.parametrize("name", _SCRIPTS)
def test_a_start_script(collect_tree: Collect, name: str) -> None:
    text, expected = _SCRIPTS[name]
    seen = collect_tree({"start.sh": text}).processes
    told = [(p.role, p.options.get("queues", ""), p.options.get("concurrency", ""), p.restart) for p in seen]
    assert told == expected


_BEAT = "celery -A shop beat"


@pytest.mark.parametrize(
    "script",
    [
        f"if [ $x ]; then exec gosu app {_BEAT}; fi\nexec {_BEAT}",
        f"if [ $x ]; then {_BEAT} -l debug; else {_BEAT}; fi",
        f"if [ $x ]; then echo; elif [ $y ]; then {_BEAT} & else {_BEAT} & fi",
        f"case $1 in one) {_BEAT};; two) {_BEAT} -l debug;; esac",
        f"[ $x ] && exec {_BEAT} -l debug\n{_BEAT}",
    ],
)
def test_one_is_started_instead_of_the_other(collect_tree: Collect, script: str) -> None:
    assert [p.instead for p in collect_tree({"start.sh": script}).processes] == [False, True]


@pytest.mark.parametrize(
    "script",
    [
        f"{_BEAT} &\n{_BEAT}",
        f"if [ $x ]; then {_BEAT} & fi\n{_BEAT}",
        f"if [ $x ]; then {_BEAT} & {_BEAT} & fi",
        f"( if [ $x ]; then exec {_BEAT}; fi ) &\n{_BEAT}",
        f"start() {{ if [ $1 ]; then {_BEAT} & fi; }}\nstart a\nstart b",
        f"[ $x ] && {_BEAT} &\n{_BEAT}",
        f"if [ $x ]; then exit 1; fi\n{_BEAT} &\n{_BEAT}",
    ],
)
def test_both_may_be_started(collect_tree: Collect, script: str) -> None:
    assert [p.instead for p in collect_tree({"start.sh": script}).processes] == [False, False]
