from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, fails, not_concerned, undetermined

APP, CONF, TASKS = "shop/celery_app.py", "shop/celery_config.py", "shop/tasks.py"
_BROKER = '"rediss://cache.internal:6380/0?ssl_cert_reqs=required"'
_BACKEND = '"rediss://cache.internal:6380/1?ssl_cert_reqs=required"'

TABLE: Table = {
    "no-pickle": {
        "accepted": fails(
            "`accept_content=['json', 'pickle']`",
            Edit(CONF, 'accept_content = ["json"]', 'accept_content = ["json", "pickle"]'),
        ),
        "written": fails(
            "`task_serializer=pickle`", Edit(CONF, 'task_serializer = "json"', 'task_serializer = "pickle"')
        ),
        "content type in a constant": fails(
            "x-python-serialize",
            Edit(
                CONF,
                'accept_content = ["json"]',
                'SAFE = ["json"]\naccept_content = SAFE + ["application/x-python-serialize"]',
            ),
        ),
        "one task": fails(
            "`sweep` a `serializer='pickle'`",
            Edit(TASKS, "max_retries=3, ignore", 'max_retries=3, serializer="pickle", ignore'),
        ),
        "out of reach": undetermined(
            "accept_content", Edit(CONF, 'accept_content = ["json"]', 'accept_content = open("x").read().split()')
        ),
    },
    "broker-tls": {
        "by a setting": fails(
            "`ssl_cert_reqs=CERT_NONE`",
            Edit(CONF, "result_expires = 3600", 'import ssl\nbroker_use_ssl = {"ssl_cert_reqs": ssl.CERT_NONE}'),
        ),
        "results only": fails(
            "`result_backend`", Edit(APP, _BACKEND, '"rediss://cache.internal/1?ssl_cert_reqs=CERT_NONE"')
        ),
        "nothing encrypted": not_concerned(
            "joints par une connexion chiffrée",
            Edit(APP, _BROKER, '"redis://localhost/0"'),
            Edit(APP, _BACKEND, '"redis://localhost/1"'),
        ),
    },
}
