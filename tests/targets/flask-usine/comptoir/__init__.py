from flask import Flask

from comptoir.extensions import bind_celery
from comptoir.settings import Production
from comptoir.views import blueprint


def create_app(settings=Production):
    app = Flask("comptoir")
    app.config.from_object(settings)
    app.register_blueprint(blueprint)
    bind_celery(app)
    return app
