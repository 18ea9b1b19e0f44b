from celery import Celery, Task

from comptoir.settings import CelerySettings


def bind_celery(app):
    class ContextTask(Task):
        def __call__(self, *args, **kwargs):
            with app.app_context():
                return self.run(*args, **kwargs)

    celery = Celery(app.name, task_cls=ContextTask)
    celery.config_from_object(CelerySettings)
    celery.set_default()
    app.extensions["celery"] = celery
    return celery
