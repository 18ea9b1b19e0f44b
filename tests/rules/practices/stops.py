from tests.acceptance.reference_copy import Edit
from tests.rules.case import Case, Table, established, fails, undetermined, warns

CONF, UNIT = "shop/celery_config.py", "deploy/shop-worker.service"
_WORKER = "celery -A shop.celery_app worker -Q default"
_SERVICE = "services:\n  worker:\n    build: .\n    restart: always\n    stop_grace_period: {}\n{}"
_ENTRY = "docker/entry"


def _compose(grace: str = "120s", *lines: str) -> Edit:
    return Edit("compose.yaml", "", _SERVICE.format(grace, "".join(f"    {line}\n" for line in lines)))


def _image(*lines: str) -> Edit:
    return Edit("Dockerfile", "", "\n".join(["FROM python:3.13", "USER shop", *lines, ""]))


def _handing(last: str) -> tuple[Edit, ...]:
    """An image whose entry script ends with this line, and a service that gives it a worker to run."""
    return (
        Edit(_ENTRY, "", f"#!/bin/sh\nset -e\npython -m shop.check\n{last}\n"),
        _image("COPY docker/entry /usr/local/bin/start", 'ENTRYPOINT ["/usr/local/bin/start"]', 'CMD ["true"]'),
        _compose("120s", f"command: {_WORKER}"),
    )


def _unit(name: str, words: str, *added: str) -> Case:
    return Case(
        "stop-grace", name, *fails(words, Edit(UNIT, "KillMode=mixed\n", "".join(f"{line}\n" for line in added)))
    )


def _program(*lines: str) -> Edit:
    return Edit("supervisord.conf", "", "\n".join(["[program:w]", f"command={_WORKER}", *lines, ""]))


_POD = """\
kind: StatefulSet
metadata: {name: worker}
spec:
  template:
    spec:
      terminationGracePeriodSeconds: 120
      containers:
        - name: worker
          command: [celery, -A, shop.celery_app, worker, -Q, default, -P, POOL]
          livenessProbe:
            exec:
              command: PROBE
            periodSeconds: 30
            timeoutSeconds: SECONDS
"""
_PING = "[celery, -A, shop.celery_app, inspect, ping, -d, celery@$(HOSTNAME)REPLY]"


def _probed(pool: str, seconds: str, reply: str = "", probe: str = _PING) -> Edit:
    command = probe.replace("REPLY", reply)
    return Edit("k8s.yaml", "", _POD.replace("POOL", pool).replace("PROBE", command).replace("SECONDS", seconds))


def _beat(command: str, *lines: str) -> Edit:
    text = "".join(f"    {line}\n" for line in ("restart: always", *lines))
    return Edit("compose.yaml", "", f"services:\n  beat:\n    image: shop\n    command: {command}\n{text}")


_BEAT = "celery -A shop.celery_app beat"

TABLE: Table = {
"stop-grace": {
"another delay, and a script that nobody stops": established(
        "s nécessaires (`deploy/shop-worker.service`) ; non jugé, faute de savoir qui l'arrête : `start.sh`)",
        _compose("600s", f"command: {_WORKER}"),
    ),
"a group whose children ignore it": established("100 s laissées, 15 s nécessaires",
        Edit(UNIT, "KillMode=mixed", "Environment=PATH=/bin\nEnvironment=REMAP_SIGTERM=SIGQUIT"),
    ),
"a pool without children": established("100 s",
        Edit(UNIT, "KillMode=mixed\n", ""),
        Edit(UNIT, "-Q default", "-Q default -P threads"),
    ),
"an environment that is not here": undetermined("rien ne dit si `REMAP_SIGTERM=SIGQUIT` est réglé",
        Edit(UNIT, "KillMode=mixed", "EnvironmentFile=/etc/shop.env"),
    ),
"supervisor's group": fails("supervisor envoie", _program("stopwaitsecs=600", "stopasgroup = yes ; all")),
"supervisor's kill": established("600 s laissées, 90 s nécessaires", _program("stopwaitsecs=600", "killasgroup=true")),
"an init that asks all": fails("`dumb-init`", _image(f"CMD dumb-init {_WORKER}"), _compose()),
"the group of tini": fails("`tini -g`",
        _image(f'ENTRYPOINT ["tini", "-g", "--"]\nCMD {str(_WORKER.split()).replace(chr(39), chr(34))}'),
        _compose(),
    ),
"an init that asks its child": established("120 s laissées, 90 s nécessaires",
        _compose("2m", f"command: dumb-init --single-child {_WORKER}"),
    ),
"the shell of an image": fails("`Dockerfile` : le shell (`sh -c`)", _image(f"CMD {_WORKER}"), _compose()),
"a shell that is replaced": established("120 s", _image(f"CMD exec {_WORKER}"), _compose()),
"two commands": fails("le shell (`sh -c`)", _compose("2m", f'command: sh -c "true && {_WORKER}"')),
"the second replaces": established("120 s", _compose("2m", f'command: sh -c "true && exec {_WORKER}"')),
"an entry that keeps it": fails("le shell du script reste", *_handing('"$@"')),
"an entry that gives way": established("120 s laissées, 90 s nécessaires", *_handing('exec "$@"')),
"an entry with tini": established("120 s laissées, 90 s nécessaires", *_handing('exec tini -- "$@"')),
"a trap that passes it on": established("120 s laissées, 90 s nécessaires",
        Edit(
            "w.sh",
            "",
            f"#!/bin/sh\nstop() {{\n  kill -TERM $W\n  wait $W\n}}\ntrap stop TERM INT\n{_WORKER} &\nW=$!\nwait $W\n",
        ),
        _compose("120s", "command: ./w.sh"),
    ),
"a script that waits again": established("120 s laissées, 90 s nécessaires",
        Edit("w.sh", "", f"#!/bin/sh\ntrap 'kill -TERM $W' TERM\n{_WORKER} &\nW=$!\nwait $W\ntrap - TERM\nwait $W\n"),
        _compose("120s", "command: ./w.sh"),
    ),
"a trap that passes it on, and a wait that it ends": fails("le script finit avant le worker",
        Edit("w.sh", "", f"#!/bin/sh\nstop() {{\n  kill -TERM $W\n}}\ntrap stop TERM INT\n{_WORKER} &\nW=$!\nwait $W\n"),
        _compose("120s", "command: ./w.sh"),
    ),
"a trap that waits for the worker first": fails("le shell du script reste",
        Edit("w.sh", "", f"#!/bin/sh\ntrap 'kill -TERM $W' TERM\n{_WORKER}\n"),
        _compose("120s", "command: ./w.sh"),
    ),
"a script that the image copies under another name": fails("le shell du script reste",
        Edit("docker/start", "", f"#!/bin/bash\nset -e\n{_WORKER}\n"),
        _image("COPY docker/start /start-worker"),
        _compose("120s", "command: /start-worker"),
    ),
"a script that the image copies, replaced": established("120 s laissées, 90 s nécessaires",
        Edit("docker/start", "", f"#!/bin/bash\nset -e\nexec {_WORKER}\n"),
        _image("COPY docker/start /start-worker"),
        _compose("120s", "command: /start-worker"),
    ),
"a word that the entry turns into a worker": fails("le shell du script reste",
        Edit("entry.sh", "", f'#!/bin/sh\ncase "$1" in\n  worker) {_WORKER} ;;\n  *) exec "$@" ;;\nesac\n'),
        _image('ENTRYPOINT ["./entry.sh"]'),
        _compose("120s", "command: worker"),
    ),
"a script that is not here": undetermined("dont le programme, `/srv/absent.sh`, n'a pas été trouvé",
        _compose("120s", "command: /srv/absent.sh"),
    ),
"a worker stopped by its own command": established("300 s laissées, 90 s nécessaires",
        Edit(
            UNIT,
            "ExecStart=/opt/shop/bin/celery -A shop.celery_app worker -n spare@%H -Q default\nRestart=always\nKillMode=mixed\nTimeoutStopSec=100",
            "Type=forking\nExecStart=/bin/sh -c 'celery -A shop.celery_app multi start w'\nRestart=always\n"
            "ExecStop=/bin/sh -c 'celery multi stopwait w'\nTimeoutStopSec=5min",
        ),
    ),
},
"soft-shutdown": {
"warm in a short time": fails("laisse 60 s, `task_time_limit=90`", _compose("1m", f"command: {_WORKER}")),
"another word for the signal": fails("SIGTERM y demande un arrêt à chaud",
        _compose("60s", f"command: {_WORKER}", "environment: [REMAP_SIGTERM=SIGINT]"),
    ),
"a limit of one task": fails("laisse 120 s, `time_limit=600`",
        Edit("shop/slow.py", "", "from shop.celery_app import app\n\n\n@app.task(time_limit=600)\ndef slow():\n    pass\n"),
        _compose("2m", f"command: {_WORKER}"),
    ),
"remapped by the image": established("60 s laissées, 15 s nécessaires",
        _image("ENV REMAP_SIGTERM=SIGQUIT", 'CMD ["true"]'),
        _compose("60s", f"command: {_WORKER}"),
    ),
"stopped by QUIT": established("60 s", _compose("60s", f"command: {_WORKER}", "stop_signal: SIGQUIT")),
"remapped by a script": established("60 s laissées, 15 s nécessaires",
        Edit("w.sh", "", f"#!/bin/sh\nexport REMAP_SIGTERM=SIGQUIT\nexec {_WORKER}\n"),
        _compose("60s", "command: ./w.sh"),
    ),
"a file of variables that is not here": undetermined("rien ne dit si `REMAP_SIGTERM` est réglé",
        _compose("60s", f"command: {_WORKER}", "env_file: /etc/shop.env"),
    ),
},
"own-health-check": {
"the second that Kubernetes gives": fails("`k8s.yaml` lui laisse 1 s, quand la réponse peut en prendre 1",
        Edit("k8s.yaml", "", _POD.replace("POOL", "prefork").replace("PROBE", _PING.replace("REPLY", "")).replace("            timeoutSeconds: SECONDS\n", "")),
    ),
"less than the answer takes": fails("lui laisse 5 s", _probed("prefork", "5", ", --timeout, '10'")),
"a worker that answers nobody": warns("ne répond à personne", _probed("solo", "20", ", -t, '10'")),
"by a script of the probe": fails("lui laisse 1 s",
        _probed("prefork", "1", probe="[sh, /srv/live.sh]"),
        Edit("live.sh", "", "#!/bin/sh\ncelery -A shop.celery_app inspect ping -d celery@$HOSTNAME\n"),
    ),
"a check on several lines": fails("n'importe lequel",
        Edit("compose.yaml", "", _SERVICE.format("2m", f"    command: {_WORKER}\n    healthcheck:\n      test:\n      - CMD\n      - celery\n      - inspect\n      - ping\n")),
    ),
"time to answer": established("2 sondes", _probed("prefork", "20", ", --timeout, '10'")),
"a file that the worker touches": established("1 sonde", _probed("solo", "1", probe="[find, /tmp/alive, -mmin, '-20']")),
},
"pid-file": {
"a long volume, and a word apart": fails("`/data/run/beat.pid` est dans `/data`",
        _beat(f"{_BEAT} --pidfile /data/run/beat.pid", "volumes: [{type: volume, source: d, target: /data}]"),
    ),
"a pod": fails("`/state/b.pid` est dans `/state`",
        Edit("k8s.yaml", "", _POD.replace("command: [celery, -A, shop.celery_app, worker, -Q, default, -P, POOL]", "command: [celery, -A, shop.celery_app, beat, --pidfile=/state/b.pid]\n          volumeMounts: [{name: s, mountPath: /state}]").replace("PROBE", "['true']").replace("SECONDS", "1")),
    ),
"in no volume": established("processus", _beat(f"{_BEAT} --pidfile=/tmp/beat.pid", "volumes: ['d:/data']")),
"in memory": established("processus", _beat(f"{_BEAT} --pidfile=/run/b.pid", "volumes: [{type: tmpfs, target: /run}]")),
"removed first": established("processus",
        Edit("beat.sh", "", f"#!/bin/sh\nrm -f /data/*.pid\nexec {_BEAT} --pidfile=/data/beat.pid\n"),
        _beat("./beat.sh", "volumes: ['d:/data']"),
    ),
"where it runs": undetermined("le dossier du fichier de pid", _beat(f"{_BEAT} --pidfile=beat.pid", "volumes: ['.:/srv']")),
},
}  # fmt: skip
CASES = (
_unit("systemd asks the whole group by default", "systemd envoie le signal à tous les processus"),
_unit("the group, said", "systemd envoie le signal à tous les processus", "KillMode=control-group"),
)  # fmt: skip
