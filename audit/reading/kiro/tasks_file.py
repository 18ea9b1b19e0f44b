"""`tasks.md`: the tasks of a spec, the criteria each cites, and the checkpoints that close its phases."""

import re
from dataclasses import dataclass, field

from audit.reading.kiro.citations import Citation, Flaw, cited_in, read_citations
from audit.reading.kiro.markdown_lines import Line, read_lines


@dataclass
class Task:
    """One numbered task. `phase` is the rank of its phase in the file; a checkpoint without a citation inherits from it."""

    number: str
    title: str
    place: str
    phase: int = 0
    citations: list[Citation] = field(default_factory=list)

    @property
    def is_checkpoint(self) -> bool:
        """Whether it validates what its phase did."""
        return bool(_CHECKPOINT.match(self.title))


@dataclass
class Plan:
    """The tasks of a spec, what is cited outside of them, and what could not be understood."""

    tasks: list[Task] = field(default_factory=list)
    loose: list[Citation] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)

    @property
    def citations(self) -> list[Citation]:
        """Everything cited, by tasks first."""
        return [*(c for task in self.tasks for c in task.citations), *self.loose]

    def cited_in_phase(self, phase: int) -> list[Citation]:
        """What the tasks of a phase cite: what a checkpoint without a citation of its own validates."""
        return [c for task in self.tasks if task.phase == phase for c in task.citations]


_CHECKPOINT = re.compile(r"(?:final |dernier )?(?:checkpoint|point de contrôle)\b", re.IGNORECASE)
_BOX = re.compile(r"\[[ xX~-]?\]\*?\s*(?P<rest>.*)")
_NUMBERED = re.compile(r"[*_]*(?P<number>[0-9]{1,4}(?:\.[0-9]{1,4})*)\.?[*_]*\s+(?P<title>.+)")
_PHASE = re.compile(r"phase\b", re.IGNORECASE)


def read_tasks(text: str, path: str) -> Plan:
    """The plan of a spec.

    A phase is what stands under a heading « Phase … »; in a plan without such headings, what goes from one checkpoint to the next.
    """
    plan, numbers = Plan(), set[str]()
    lines = list(read_lines(text))
    titled = any(line.heading and _PHASE.match(line.text) for line in lines)
    phase, current = 0, None
    for line in lines:
        place = f"{path}:{line.number}"
        if line.heading:
            phase, current = phase + 1, None
        elif task := _task(line, place, phase):
            if task.number in numbers:
                plan.flaws.append(Flaw(place, f"tâche {task.number} déjà énoncée"))
            numbers.add(task.number)
            plan.tasks.append(task)
            current, phase = task, phase + (task.is_checkpoint and not titled)
        elif current is None and line.item and _BOX.match(line.text):
            plan.flaws.append(Flaw(place, "tâche sans numéro"))
        _cite(plan, current, line, place)
    if not plan.tasks:
        plan.flaws.append(Flaw(path, "aucune tâche n'y a été lue"))
    return plan


def read_design(text: str, path: str) -> Plan:
    """What a design cites: the requirements that its properties validate."""
    plan = Plan()
    for line in read_lines(text):
        _cite(plan, None, line, f"{path}:{line.number}", design=True)
    return plan


def _task(line: Line, place: str, phase: int) -> Task | None:
    box = _BOX.match(line.text) if line.item else None
    numbered = _NUMBERED.match(box["rest"]) if box else None
    return Task(numbered["number"], numbered["title"], place, phase) if numbered else None


def _cite(plan: Plan, task: Task | None, line: Line, place: str, *, design: bool = False) -> None:
    cited = cited_in(line.text, design=design)
    if cited is None:
        return
    citations, flaws = read_citations(cited, place)
    plan.flaws += flaws
    if task is not None:
        task.citations += citations
        return
    plan.loose += citations
    if not design:
        plan.flaws.append(Flaw(place, "citation hors de toute tâche"))
