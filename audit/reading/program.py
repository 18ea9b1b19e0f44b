"""Assembles the interpreter with what it knows of Celery and of the web frameworks."""

from audit.reading.celery.configuration_calls import celery_call, delivered_update
from audit.reading.celery.task_attributes import write_option
from audit.reading.celery.task_calls import task_call
from audit.reading.python.data_files import data_call
from audit.reading.python.environment_readers import environment_call
from audit.reading.python.expressions import attribute_of, evaluate
from audit.reading.python.interpreter import Machine
from audit.reading.python.modules import Project
from audit.reading.python.object_values import object_call
from audit.reading.python.standard_calls import known_call
from audit.reading.python.statements import read_body
from audit.reading.web.fastapi_objects import Web
from audit.reading.web.flask_objects import flask_call
from audit.reading.web.views import view_call


def new_machine(project: Project, web: Web) -> Machine:
    """A machine that has read nothing yet; routes met will be noted in `web`."""
    observers = [
        data_call,
        object_call,
        delivered_update,
        known_call,
        environment_call,
        task_call,
        celery_call,
        web.call,
        flask_call(web),
        view_call,
    ]
    return Machine(project, evaluate, attribute_of, read_body, write_option, observers)
