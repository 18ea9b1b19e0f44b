"""Python that templates hold (`settings.py-tpl`): every project that is made from them runs with it."""

import re
from collections.abc import Iterator
from dataclasses import replace

from audit.model.observations.observation import Observation
from audit.model.observations.secrets_and_certificates import UnreadVerification, UnverifiedCertificate
from audit.reading.behaviour import read_code
from audit.reading.deployment.file_templates import plain_name, read_template
from audit.reading.program import new_machine
from audit.reading.python.modules import Module, Project
from audit.reading.python.syntax_cache import SyntaxCache
from audit.reading.source_files import Source, Tree, read_text
from audit.reading.web.fastapi_objects import Web
from audit.target.python_syntax import UnparsableError, parse

_VERIFIES = re.compile(r"(?i)verify|CERT_NONE|check_hostname|ssl")
_MOST = 500_000


def template_observations(tree: Tree) -> Iterator[Observation]:
    """The certificates that they do not verify. What they hold of Celery is no application of this target."""
    named = [path for path in tree.paths if plain_name(path) != path and plain_name(path).endswith(".py")]
    sources = [source for path in named if (source := read_text(tree, path)) and _VERIFIES.search(source.text)]
    made = {source.path: _as_python(source) for source in sources}
    project, cache = Project(roots=[""]), SyntaxCache([], _MOST)
    for number, source in enumerate(sources):
        if _is_python(made[source.path]):
            project.add(Module(f"template{number}", is_package=False, source=made[source.path], cache=cache))
        elif not project.is_test_file(source.path):
            yield UnreadVerification("", source.excerpt(1, 1), "gabarit dont le Python ne se lit pas")
    if not project.modules:
        return
    machine = new_machine(project, Web())
    machine.read_all()
    held = {source.path: source for source in sources}
    for seen in read_code(machine):
        if isinstance(seen, UnverifiedCertificate | UnreadVerification) and seen.excerpt:
            place = seen.excerpt
            yield replace(seen, symbol="", excerpt=held[place.path].excerpt(place.first_line, place.last_line))


def _as_python(source: Source) -> Source:
    """The module that it makes, line by line, under its own path: a value that is filled in is a name."""
    return Source(source.path, re.sub(r"\$\{(\w+)\}", r"\1", read_template(source).source.text))


def _is_python(source: Source) -> bool:
    try:
        parse(source.text)
    except UnparsableError:
        return False
    return True
