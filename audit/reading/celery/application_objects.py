"""What the reading of a program keeps of a Celery application."""

from audit.reading.python.abstract_values import Conf, Instance, Origin, Table


def configuration_of(app: Instance) -> Conf:
    """`app.conf`: what was written into it."""
    conf = app.fields.get("conf")
    return conf if isinstance(conf, Conf) else _unread(app)


def defaults_of(app: Instance) -> Table:
    """What `app.add_defaults` was given: it holds where the configuration says nothing."""
    defaults = app.fields.get("defaults")
    return defaults if isinstance(defaults, Table) else _unread(app)


def _unread(app: Instance) -> Conf:
    conf = Conf()
    conf.opaque = app.origin or Origin("", 1, 1)
    return conf
