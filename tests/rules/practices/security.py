from tests.acceptance.reference_copy import Edit
from tests.rules.case import fails, not_concerned, undetermined

APP, CONF, TASKS = "shop/celery_app.py", "shop/celery_config.py", "shop/tasks.py"
_BROKER = '"rediss://cache.internal:6380/0?ssl_cert_reqs=required"'
_BACKEND = '"rediss://cache.internal:6380/1?ssl_cert_reqs=required"'

CASES = (
    fails(
        "no-pickle",
        "accepted",
        "`accept_content=['json', 'pickle']`",
        Edit(CONF, 'accept_content = ["json"]', 'accept_content = ["json", "pickle"]'),
    ),
    fails(
        "no-pickle",
        "written",
        "`task_serializer=pickle`",
        Edit(CONF, 'task_serializer = "json"', 'task_serializer = "pickle"'),
    ),
    fails(
        "no-pickle",
        "content type in a constant",
        "x-python-serialize",
        Edit(
            CONF,
            'accept_content = ["json"]',
            'SAFE = ["json"]\naccept_content = SAFE + ["application/x-python-serialize"]',
        ),
    ),
    fails(
        "no-pickle",
        "one task",
        "`sweep` a `serializer='pickle'`",
        Edit(TASKS, "max_retries=3, ignore", 'max_retries=3, serializer="pickle", ignore'),
    ),
    undetermined(
        "no-pickle",
        "out of reach",
        "accept_content",
        Edit(CONF, 'accept_content = ["json"]', 'accept_content = open("x").read().split()'),
    ),
    fails(
        "broker-tls",
        "by a setting",
        "`ssl_cert_reqs=CERT_NONE`",
        Edit(CONF, "result_expires = 3600", 'import ssl\nbroker_use_ssl = {"ssl_cert_reqs": ssl.CERT_NONE}'),
    ),
    fails(
        "broker-tls",
        "results only",
        "`result_backend`",
        Edit(APP, _BACKEND, '"rediss://cache.internal/1?ssl_cert_reqs=CERT_NONE"'),
    ),
    not_concerned(
        "broker-tls",
        "nothing encrypted",
        "joints par une connexion chiffrée",
        Edit(APP, _BROKER, '"redis://localhost/0"'),
        Edit(APP, _BACKEND, '"redis://localhost/1"'),
    ),
)
