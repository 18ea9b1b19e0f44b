"""Settings of Celery under names that nothing reads: without the prefix of a namespace, older than it, or today's in capitals."""

import re
from collections.abc import Iterator

from audit.model.observations.messages import OwnSetting, UnprefixedSetting
from audit.reading.celery.application_objects import configuration_of
from audit.reading.old_setting_names import meant_by
from audit.reading.python.abstract_values import Instance, Origin, Table
from audit.reading.python.interpreter import Machine

_NOTED = "unprefixed"
# Other groups, such as `REDIS_` and `CACHE_`, name what a project uses by itself.
_GROUPS = ("broker_", "task_", "worker_", "beat_", "result_")


def note_unprefixed(app: Instance, key: str, namespace: str, origin: Origin) -> None:
    """Keep a name that the prefix of an application leaves out, or an older name: the prefix goes before today's only.

    Without a namespace, one of today's in capitals: Celery reads these only where no older name was replaced.
    """
    name = meant_by(key)
    if name and (name.startswith(_GROUPS) or key.startswith("CELERY")):
        noted = app.fields.setdefault(_NOTED, Table())
        if isinstance(noted, Table):
            noted[key] = namespace
            noted.origins[key] = origin


def read_unprefixed(machine: Machine, app: Instance) -> Iterator[UnprefixedSetting]:
    """The names left out that nothing else gives to the application, and that no code uses for itself."""
    noted, conf = app.fields.get(_NOTED), configuration_of(app)
    if not isinstance(noted, Table):
        return
    for key, namespace in noted.items():
        origin, name = noted.origins.get(key), meant_by(str(key))
        source = machine.sources.get(origin.path) if origin else None
        if name not in conf and origin and source and not _is_used(machine, str(key), origin.path):
            yield UnprefixedSetting(
                "",
                source.excerpt(origin.first, origin.last),
                str(key),
                name,
                f"{str(namespace).upper()}_" if namespace else "",
            )


def read_own_settings(machine: Machine, app: Instance) -> Iterator[OwnSetting]:
    """The names in a configuration, as Celery's own begin, that the code of the target reads."""
    conf = configuration_of(app)
    for key in conf:
        origin = conf.origins.get(key)
        if origin and isinstance(key, str) and key.startswith(_GROUPS):
            names = (key, key.upper(), f"CELERY_{key.upper()}")
            if any(_is_used(machine, name, origin.path) for name in names):
                yield OwnSetting("", None, key)


def _is_used(machine: Machine, key: str, path: str) -> bool:
    """Whether code reads the name: where it is defined, a text of the same name is that of a variable."""
    used = re.compile(rf"(?m)^[^#\n]*?(?<![\"'\w]){key}\b(?!\s*(:[^=\n]+)?=(?!=))")
    said = re.compile(rf"[\"']{key}[\"']")
    sources = (module.source for module in machine.project.own(key))
    return any(used.search(s.text) or (s.path != path and said.search(s.text)) for s in sources)
