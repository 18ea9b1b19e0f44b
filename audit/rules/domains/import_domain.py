"""The modules of tasks that a worker imports, as the configuration probe imported them."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from audit.french.typography import counted
from audit.model.domains import Domain
from audit.model.facts import Facts
from audit.model.gaps import Doubt, Gap
from audit.model.target_facts import TargetFacts
from audit.target.target_file import Target

_IMPORT = re.compile(r"L'import de « (?P<module>[^»]+) » (?:a échoué : )?(?P<cause>.*)")
_NOT_IMPORTED = "l'import des modules (l'audit s'arrête à la lecture des fichiers)"


@dataclass(frozen=True)
class Imported:
    """A module of tasks; `failure`, a French sentence, says why no worker can import it."""

    module: str
    failure: str = ""


def imported_modules(known: TargetFacts, certain: Callable[[str], bool]) -> Domain[Imported]:
    """The modules of tasks that were imported, or that no worker can import; `certain` says so of a cause.

    A module whose import failed for what another environment may mend is a gap.
    """
    facts = known.configuration
    if facts is None:
        return Domain((), (Doubt(why=_NOT_IMPORTED),), "")
    failed = _failed_imports(facts, known.target)
    broken = tuple(Imported(module, text) for module, text, cause in failed if certain(cause))
    gaps: list[Gap] = [Doubt(why=text) for _, text, cause in failed if not certain(cause)]
    if not facts.settings and not failed:
        gaps.append(
            Doubt(why=facts.failure or " ".join(facts.failures) or "aucune application Celery n'a été importée")
        )
    modules = dict.fromkeys(t.symbol.partition(":")[0] for t in facts.tasks)
    application = known.target.celery_app.partition(":")[0]
    named = [m for m in (*modules, application) if m and m not in {one.module for one in broken}]
    members = (*broken, *map(Imported, dict.fromkeys(named or (["l'application"] if facts.settings else []))))
    return Domain(members, tuple(gaps), counted(len(members), "module"))


def _failed_imports(facts: Facts, target: Target) -> list[tuple[str, str, str]]:
    """Each module of tasks that did not import, what the probe says of it, the cause; the web application is none."""
    web = target.asgi_app.partition(":")[0] if target.asgi_app != target.celery_app else ""
    told = [(text, _IMPORT.match(text)) for text in facts.failures]
    discovery = [("", text, "") for text in facts.failures if text.startswith("La découverte des modules de tâches")]
    return [(m["module"], text, m["cause"]) for text, m in told if m and m["module"] != web] + discovery
