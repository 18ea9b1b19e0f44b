from celery import Celery

app = Celery(
    "shop",
    broker="rediss://cache.internal:6380/0?ssl_cert_reqs=required",
    backend="rediss://cache.internal:6380/1?ssl_cert_reqs=required",
    include=["shop.tasks"],
)
app.config_from_object("shop.celery_config")
