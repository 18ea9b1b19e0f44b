"""What tools and test runs measured of the target's own code, and what they did not."""

from audit.french.typography import counted
from audit.model.domains import Domain
from audit.model.gaps import Doubt, Gap
from audit.model.quality_facts import QualityFacts, ResultFile, ToolRun

_NO_VULTURE = (
    "la cible ne règle pas `vulture`, et rien ne dit quels noms ses cadriciels appellent ; aucun code sûrement mort"
)


def tool_run(facts: QualityFacts, question: str) -> Domain[ToolRun]:
    """The run that a question was put to; dead code is told whole only by a tool that the target itself sets."""
    run = facts.runs[question]
    gaps: tuple[Gap, ...] = (Doubt(why=run.why_unknown),) if run.why_unknown else ()
    if not gaps and question == "dead-code" and "vulture" not in facts.configured:
        gaps = (Doubt(why=_NO_VULTURE),)
    return Domain((run,), gaps, "")


def test_run(result: ResultFile) -> Domain[ResultFile]:
    """The results of the target's own tests."""
    why = _unread(result, "tests")
    if not why and result.numbers.get("unnamed"):
        why = f"`{result.path}` ne nomme aucun test, et en compte peut-être d'un code que la cible exclut"
    return Domain((), (Doubt(why=why),), "") if why else Domain((result,), (), counted(result.numbers["tests"], "test"))


def coverage_run(result: ResultFile) -> Domain[ResultFile]:
    """The coverage of the target's own files; those that the file does not name are gaps."""
    if why := _unread(result, "valid"):
        return Domain((), (Doubt(why=why),), "")
    gaps = tuple(Doubt(path, why=f"`{path}` n'est pas mesuré (absent de `{result.path}`)") for path in result.missing)
    return Domain((result,), gaps, counted(result.numbers["files"], "fichier"))


def _unread(result: ResultFile, total: str) -> str:
    """Why the file says nothing of the target, as a French sentence; empty when it does."""
    return result.why_unknown or (
        "" if result.numbers.get(total, 0) > 0 else f"`{result.path}` ne compte rien de la cible"
    )
