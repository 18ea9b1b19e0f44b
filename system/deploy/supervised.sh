#!/usr/bin/env bash
# Rendered by `python -m system deploy render`: edit system/deploy/plan.py or system/deploy/templates, not this file.
#
# supervisord.conf, whoever owns the pipe that standard output is: the programs get one of this user's own. A TERM reaches supervisord.
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python}" -m supervisor.supervisord --configuration system/deploy/supervisord.conf "$@" > >(exec cat) 2>&1
