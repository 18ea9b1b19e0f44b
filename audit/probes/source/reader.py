"""A reading of the whole target: its modules, and what their statements build."""

from audit.probes.source.celery_objects import celery_call
from audit.probes.source.expressions import attribute_of, evaluate
from audit.probes.source.flask_objects import flask_call
from audit.probes.source.machine import Machine
from audit.probes.source.modules import Project
from audit.probes.source.standard import known_call
from audit.probes.source.statements import read_body
from audit.probes.source.views import view_call
from audit.probes.source.web_objects import Web


def new_machine(project: Project, web: Web) -> Machine:
    """A machine that has read nothing yet; routes met will be noted in `web`."""
    return Machine(
        project, evaluate, attribute_of, read_body, [known_call, celery_call, web.call, flask_call(web), view_call]
    )
