#!/usr/bin/env bash
# Rendered by `python -m system deploy render`: edit system/deploy/plan.py or system/deploy/templates, not this file.
#
# One container, no supervisor: migrates, then keeps web, worker, beat and watchdog running, restarting whichever dies.
# Needs DATABASE_URL, REDIS_URL, WASSENGER_API_KEY, WASSENGER_DEVICE and WASSENGER_WEBHOOK_SECRET.
# Optional: WEB_HOST (0.0.0.0), PORT (8000), BEAT_SCHEDULE_FILE (/tmp/system-beat-schedule), PYTHON, and the other settings.
# Run it as an ordinary user, never as root. It wants 100 s between TERM and KILL.
# One container only runs beat: two of them would double every periodic task.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"

# A missing setting or an unreachable database ends here, before anything runs.
"${PYTHON:-python}" -m system migrate || exit

# keep_running NAME COMMAND…: the command is a child of this loop itself, so that a TERM reaches Celery's own process.
keep_running() {
  local name=$1 child pause=1 begun code
  shift
  trap 'trap "" TERM; kill -TERM $(jobs -p) 2>/dev/null; wait; exit 0' TERM
  while true; do
    begun=$SECONDS
    "$@" &
    child=$!
    echo "start.sh: $name runs as process $child"
    wait "$child"
    code=$?
    # A long life starts the back-off again at one second.
    if [ $((SECONDS - begun)) -ge 30 ]; then pause=1; fi
    echo "start.sh: $name ended with code $code, starts again in $pause s" >&2
    sleep "$pause" &
    wait $!  # so that a TERM need not wait for the end of the pause
    if [ "$pause" -lt 5 ]; then pause=$((pause + 1)); fi
  done
}

keep_running web uvicorn --factory system.main:create_app --host "${WEB_HOST:-0.0.0.0}" --port "${PORT:-8000}" &
loops=$!
keep_running worker celery -A system.tasks.celery_app worker --loglevel=INFO --without-mingle --without-gossip --concurrency=4 -Q default,messages,messages_high,retry,verification &
loops="$loops $!"
keep_running beat celery -A system.tasks.celery_app beat --loglevel=INFO --schedule="${BEAT_SCHEDULE_FILE:-/tmp/system-beat-schedule}" &
loops="$loops $!"
keep_running watchdog "${PYTHON:-python}" -m system watchdog &
loops="$loops $!"

# shellcheck disable=SC2086  # a list of process ids
stop() { trap '' TERM INT; kill -TERM $loops 2>/dev/null; wait; exit "$1"; }
trap 'stop 0' TERM INT
wait -n
echo "start.sh: a restart loop is gone, the container ends so that the platform starts it again" >&2
stop 1
