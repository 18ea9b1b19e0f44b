from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, established, fails, not_concerned, undetermined

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

TABLE: Table = {
    "beat-tasks-registered": {
        "wrong module": fails(
            "`sweep` nomme `shop.jobs.sweep`", Edit(CONF, '"task": "shop.tasks.sweep"', '"task": "shop.jobs.sweep"')
        ),
        "renamed task": fails(
            "`report` nomme `shop.tasks.report`",
            Edit(TASKS, "@app.task(ignore_result=True)\ndef report", '@app.task(name="daily_report")\ndef report'),
        ),
        "bare name": fails("`sweep` nomme `sweep`", Edit(CONF, '"task": "shop.tasks.sweep"', '"task": "sweep"')),
        "Celery's own": established(
            "2 entrées", Edit(CONF, '"task": "shop.tasks.sweep"', '"task": "celery.backend_cleanup"')
        ),
        "another package's": undetermined(
            "`vendor.tasks.clean`", Edit(CONF, '"task": "shop.tasks.sweep"', '"task": "vendor.tasks.clean"')
        ),
    },
    "beat-overlap": {
        "long limit of the task": fails(
            "limite de 600 s",
            Edit(CONF, _SWEEP, '"schedule": 300.0,'),
            Edit(TASKS, "max_retries=3, ignore", "max_retries=3, time_limit=10 * 60, ignore"),
        ),
        "crontab": fails("`sweep` part toutes les 1 min", Edit(CONF, _SWEEP, '"schedule": crontab(),')),
        "expires before the next": established(
            "2 entrées", Edit(CONF, _SWEEP, '"schedule": 5.0,\n        "options": {"expires": 4},')
        ),
    },
    "beat-expires": {
        "added while it runs": fails(
            "n'a pas d'`expires`",
            Edit(
                APP,
                _LOADED,
                _LOADED
                + "\n\n@app.on_after_configure.connect\ndef plan(sender, **kwargs):\n"
                + '    from shop.tasks import sweep\n    sender.add_periodic_task(60.0, sweep.s(), name="minute")\n',
            ),
        ),
        "option of the task": established(
            "2 entrées",
            Edit(CONF, _SWEEP, '"schedule": 300.0,'),
            Edit(TASKS, "max_retries=3, ignore", "max_retries=3, expires=200, ignore"),
        ),
    },
    "beat-timezone": {
        "none": fails("crontab", Edit(CONF, _ZONE, "timezone = None\n")),
        "minutes of every hour": not_concerned(
            "ne dépend de l'heure du jour",
            Edit(CONF, _ZONE, ""),
            Edit(CONF, "crontab(hour=6, minute=0)", 'crontab(minute="*/10")'),
        ),
        "intervals only": not_concerned(
            "aucune entrée n'est un crontab", Edit(CONF, _ZONE, ""), Edit(CONF, "crontab(hour=6, minute=0)", "86400.0")
        ),
    },
    "single-beat": {
        "two in a script": fails(
            "`start.sh` en lance 2", Edit(START, _BEAT, _BEAT + _BEAT.replace("shop-beat", "other"))
        ),
        "in every worker": fails(
            "`start.sh` en lance 2, dans des workers",
            Edit(START, _BEAT, ""),
            Edit(START, "worker -n mails@%h", "worker -B -n mails@%h"),
            Edit(START, "worker -n retry@%h", "worker --beat -n retry@%h"),
        ),
        "replicas": fails("`compose.yaml` en lance 2", Edit("compose.yaml", "", _TWO)),
        "flow": fails("`compose.yaml` en lance 3", Edit("compose.yaml", "", _scaled("deploy: {replicas: 3}"))),
        "anchor": fails(
            "`compose.yaml` en lance 3",
            Edit("compose.yaml", "", _scaled("<<: *many", head="x-many: &many\n  scale: 3\n")),
        ),
        "one of several": established("compose.yaml", Edit("compose.yaml", "", _scaled("scale: 1"))),
        "image in three": fails(
            "`Dockerfile` en lance 3",
            Edit("Dockerfile", "", "FROM x\nUSER shop\nCMD celery -A shop.celery_app beat\n"),
            Edit("compose.yaml", "", "services:\n  beat: {build: ., scale: 3}\n"),
        ),
        "each node": undetermined("un par machine", Edit("compose.yaml", "", _scaled("deploy: {mode: global}"))),
        "each node of a cluster": undetermined("`k.yaml`", Edit("k.yaml", "", f"kind: DaemonSet\nspec:\n{_POD}")),
        "deployment": fails(
            "`k.yaml` en lance 3", Edit("k.yaml", "", f"kind: StatefulSet\nspec:\n  replicas: 3\n{_POD}")
        ),
        "autoscaled": fails(
            "`k.yaml` en lance 2",
            Edit("k.yaml", "", f"kind: Deployment\nmetadata: {{name: beat}}\nspec:\n{_POD}"),
            Edit("hpa.yaml", "", _SCALE),
        ),
        "autoscaled, maybe": undetermined(
            "`k.yaml`",
            Edit("k.yaml", "", f"kind: Deployment\nmetadata: {{name: beat}}\nspec:\n{_POD}"),
            Edit("hpa.yaml", "", _SCALE.replace("2", "1")),
        ),
        "elected": established(
            "RedBeat",
            Edit(
                START, _BEAT, (_BEAT + _BEAT).replace("beat --schedule", "beat -S redbeat.RedBeatScheduler --schedule")
            ),
        ),
        "none": undetermined("ne lance beat", Edit(START, _BEAT, "")),
    },
}
