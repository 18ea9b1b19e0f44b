from tests.acceptance.reference_copy import Edit
from tests.rules.case import established, fails, not_concerned, undetermined

APP, CONF, TASKS, START = "shop/celery_app.py", "shop/celery_config.py", "shop/tasks.py", "start.sh"
_LOADED = 'app.config_from_object("shop.celery_config")\n'
_SWEEP = '"schedule": 300.0,\n        "options": {"expires": 290},'
_BEAT = "while true; do celery -A shop.celery_app beat --schedule=/tmp/shop-beat --uid=shop; sleep 5; done &\n"
_ZONE = 'timezone = "Europe/Paris"\n'
_POD = "  template:\n    spec:\n      containers:\n      - command: [celery, -A, shop.celery_app, beat]\n"
_SCALE = "kind: HorizontalPodAutoscaler\nspec:\n  minReplicas: 2\n  scaleTargetRef: {name: beat}\n"


def _scaled(*lines: str, head: str = "") -> str:
    """A compose service of beat with these lines."""
    command = "    command: celery -A shop.celery_app beat\n    image: shop\n"
    return f"{head}services:\n  beat:\n{command}" + "".join(f"    {line}\n" for line in lines)


_TWO = """\
services:
  beat:
    image: shop
    command: celery -A shop.celery_app beat
    deploy:
      replicas: 2
"""

CASES = (
    fails(
        "beat-tasks-registered",
        "wrong module",
        "`sweep` nomme `shop.jobs.sweep`",
        Edit(CONF, '"task": "shop.tasks.sweep"', '"task": "shop.jobs.sweep"'),
    ),
    fails(
        "beat-tasks-registered",
        "renamed task",
        "`report` nomme `shop.tasks.report`",
        Edit(TASKS, "@app.task(ignore_result=True)\ndef report", '@app.task(name="daily_report")\ndef report'),
    ),
    fails(
        "beat-tasks-registered",
        "bare name",
        "`sweep` nomme `sweep`",
        Edit(CONF, '"task": "shop.tasks.sweep"', '"task": "sweep"'),
    ),
    established(
        "beat-tasks-registered",
        "Celery's own",
        "2 entrées",
        Edit(CONF, '"task": "shop.tasks.sweep"', '"task": "celery.backend_cleanup"'),
    ),
    undetermined(
        "beat-tasks-registered",
        "another package's",
        "`vendor.tasks.clean`",
        Edit(CONF, '"task": "shop.tasks.sweep"', '"task": "vendor.tasks.clean"'),
    ),
    fails(
        "beat-overlap",
        "long limit of the task",
        "limite de 600 s",
        Edit(CONF, _SWEEP, '"schedule": 300.0,'),
        Edit(TASKS, "max_retries=3, ignore", "max_retries=3, time_limit=10 * 60, ignore"),
    ),
    fails(
        "beat-overlap",
        "crontab",
        "`sweep` part toutes les 1 min",
        Edit(CONF, _SWEEP, '"schedule": crontab(),'),
    ),
    established(
        "beat-overlap",
        "expires before the next",
        "2 entrées",
        Edit(CONF, _SWEEP, '"schedule": 5.0,\n        "options": {"expires": 4},'),
    ),
    fails(
        "beat-expires",
        "added while it runs",
        "n'a pas d'`expires`",
        Edit(
            APP,
            _LOADED,
            _LOADED
            + "\n\n@app.on_after_configure.connect\ndef plan(sender, **kwargs):\n"
            + '    from shop.tasks import sweep\n    sender.add_periodic_task(60.0, sweep.s(), name="minute")\n',
        ),
    ),
    established(
        "beat-expires",
        "option of the task",
        "2 entrées",
        Edit(CONF, _SWEEP, '"schedule": 300.0,'),
        Edit(TASKS, "max_retries=3, ignore", "max_retries=3, expires=200, ignore"),
    ),
    fails("beat-timezone", "none", "crontab", Edit(CONF, _ZONE, "timezone = None\n")),
    not_concerned(
        "beat-timezone",
        "minutes of every hour",
        "ne dépend de l'heure du jour",
        Edit(CONF, _ZONE, ""),
        Edit(CONF, "crontab(hour=6, minute=0)", 'crontab(minute="*/10")'),
    ),
    not_concerned(
        "beat-timezone",
        "intervals only",
        "aucune entrée n'est un crontab",
        Edit(CONF, _ZONE, ""),
        Edit(CONF, "crontab(hour=6, minute=0)", "86400.0"),
    ),
    fails(
        "single-beat",
        "two in a script",
        "`start.sh` en lance 2",
        Edit(START, _BEAT, _BEAT + _BEAT.replace("shop-beat", "other")),
    ),
    fails(
        "single-beat",
        "in every worker",
        "`start.sh` en lance 2, dans des workers",
        Edit(START, _BEAT, ""),
        Edit(START, "worker -n mails@%h", "worker -B -n mails@%h"),
        Edit(START, "worker -n retry@%h", "worker --beat -n retry@%h"),
    ),
    fails("single-beat", "replicas", "`compose.yaml` en lance 2", Edit("compose.yaml", "", _TWO)),
    fails(
        "single-beat", "flow", "`compose.yaml` en lance 3", Edit("compose.yaml", "", _scaled("deploy: {replicas: 3}"))
    ),
    fails(
        "single-beat",
        "anchor",
        "`compose.yaml` en lance 3",
        Edit("compose.yaml", "", _scaled("<<: *many", head="x-many: &many\n  scale: 3\n")),
    ),
    established("single-beat", "one of several", "compose.yaml", Edit("compose.yaml", "", _scaled("scale: 1"))),
    fails(
        "single-beat",
        "image in three",
        "`Dockerfile` en lance 3",
        Edit("Dockerfile", "", "FROM x\nUSER shop\nCMD celery -A shop.celery_app beat\n"),
        Edit("compose.yaml", "", "services:\n  beat: {build: ., scale: 3}\n"),
    ),
    undetermined(
        "single-beat", "each node", "un par machine", Edit("compose.yaml", "", _scaled("deploy: {mode: global}"))
    ),
    undetermined(
        "single-beat", "each node of a cluster", "`k.yaml`", Edit("k.yaml", "", f"kind: DaemonSet\nspec:\n{_POD}")
    ),
    fails(
        "single-beat",
        "deployment",
        "`k.yaml` en lance 3",
        Edit("k.yaml", "", f"kind: StatefulSet\nspec:\n  replicas: 3\n{_POD}"),
    ),
    fails(
        "single-beat",
        "autoscaled",
        "`k.yaml` en lance 2",
        Edit("k.yaml", "", f"kind: Deployment\nmetadata: {{name: beat}}\nspec:\n{_POD}"),
        Edit("hpa.yaml", "", _SCALE),
    ),
    undetermined(
        "single-beat",
        "autoscaled, maybe",
        "`k.yaml`",
        Edit("k.yaml", "", f"kind: Deployment\nmetadata: {{name: beat}}\nspec:\n{_POD}"),
        Edit("hpa.yaml", "", _SCALE.replace("2", "1")),
    ),
    established(
        "single-beat",
        "elected",
        "RedBeat",
        Edit(START, _BEAT, (_BEAT + _BEAT).replace("beat --schedule", "beat -S redbeat.RedBeatScheduler --schedule")),
    ),
    undetermined("single-beat", "none", "ne lance beat", Edit(START, _BEAT, "")),
)
