from tests.acceptance.reference_copy import Edit
from tests.rules.case import Table, established, fails, not_concerned, undetermined

APP, CONF, START = "shop/celery_app.py", "shop/celery_config.py", "start.sh"
_LOADED = 'app.config_from_object("shop.celery_config")\n'
_FOR_EVER = "broker_connection_max_retries = None\n"
_RETRY_LOOP = (
    "while true; do\n  celery -A shop.celery_app worker -n retry@%h -Q retry --concurrency=2 --uid=shop &\n"
    '  RETRY=$!\n  wait "$RETRY"\n  sleep 5\ndone &\n'
)
_ONCE = Edit(START, _RETRY_LOOP, "celery -A shop.celery_app worker -n retry@%h -Q retry --concurrency=2 &\n")
_BROKER = 'broker="rediss://cache.internal:6380/0?ssl_cert_reqs=required"'
_AMQP = Edit(APP, _BROKER, 'broker="pyamqp://queue.internal//"')
_BACKEND = '    backend="rediss://cache.internal:6380/1?ssl_cert_reqs=required",\n'
_SOFT = "worker_soft_shutdown_timeout = 15.0\n"

TABLE: Table = {
    "connection-retries-supervised": {
        "finite, and nothing restarts it": fails(
            "`broker_connection_max_retries=5` ; `start.sh` ne relance pas",
            Edit(CONF, _FOR_EVER, "broker_connection_max_retries = 5\n"),
            _ONCE,
        ),
        "Celery's default, and nothing restarts it": fails("vaut 100 par défaut", Edit(CONF, _FOR_EVER, ""), _ONCE),
        "finite under a loop": established("relancé par", Edit(CONF, _FOR_EVER, "broker_connection_max_retries = 5\n")),
    },
    "redis-sockets": {
        "no option": fails(
            "`socket_timeout` et `socket_keepalive` absents",
            Edit(CONF, '    "socket_timeout": 30,\n', ""),
            Edit(CONF, '    "socket_keepalive": True,\n', ""),
        ),
        "replaced on the application": fails(
            "`socket_keepalive` absent",
            Edit(APP, _LOADED, f'{_LOADED}app.conf.broker_transport_options = {{"socket_timeout": 20}}\n'),
        ),
        "RabbitMQ": not_concerned("le broker est amqp", _AMQP),
        "broker out of reach": undetermined("broker_url", Edit(APP, _BROKER, 'broker=open("broker").read()')),
    },
    "result-expires": {
        "zero": fails("`result_expires=0`", Edit(APP, _LOADED, f"{_LOADED}app.conf.result_expires = 0\n")),
        "default": established("vaut 86400 par défaut", Edit(CONF, "result_expires = 3600\n", "")),
        "no result": not_concerned("aucun résultat n'est conservé", Edit(APP, _BACKEND, "")),
    },
    "soft-shutdown": {
        "default": fails(
            "vaut 0.0 par défaut",
            Edit(CONF, _SOFT, ""),
            Edit("deploy/shop-worker.service", "TimeoutStopSec=100", "TimeoutStopSec=80"),
        ),
        "RabbitMQ": not_concerned("le broker est amqp", _AMQP, Edit(CONF, _SOFT, "")),
    },
}
