"""The value that one setting must have, and the options by which a task departs from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from audit.french.typography import counted
from audit.model.domains import Answer, conclude
from audit.model.facts import Task
from audit.model.findings import Excerpt, Finding, Outcome, Problem
from audit.model.gaps import named
from audit.model.plain_value import PlainValue
from audit.model.target_facts import TargetFacts
from audit.rules.domains.setting_domain import (
    EVERYWHERE,
    Scope,
    everywhere,
    hidden_tasks,
    ruled_by,
    setting_domain,
    unread_tasks,
)
from audit.rules.effective_settings import Reading, production_tasks, read, short
from audit.rules.practice import read_so
from audit.rules.rule import Guide, defect, undetermined
from audit.rules.task_options import is_unread, own_option

_NAMED = 3
_AGAIN = "relancer avec `--level configuration`"


@dataclass(frozen=True)
class ExactValue:
    """The value that a setting must have, what it protects and what its absence costs, as French clauses.

    `option` names what a task may set for itself: the tasks that send are then asked one by one, or, where no role says
    which do, those that go against the application are named. `risk_of_default` is the cost where the target sets nothing.
    """

    name: str
    value: object
    default: PlainValue
    guide: Guide
    purpose: str
    risk: str
    scope: Callable[[TargetFacts], Scope] = everywhere
    risk_of_default: str = ""
    option: str = ""

    @property
    def asked(self) -> str:
        """The sentence of the rule that holds."""
        return f"`{self.name}={self.value}` - {self.purpose}"

    def __call__(self, known: TargetFacts) -> Sequence[Finding]:
        """What holds of the application, then of its tasks."""
        scope, reading = self.scope(known), read(known, self.name, self.default, tasks_suffice=True)
        if not scope.outside and not reading.missing and reading.value == self.value:
            scope = EVERYWHERE  # it holds whether it matters or not
        answer: Answer[Reading] = conclude(
            setting_domain(known, reading, scope=scope),
            lambda one: () if one.comment or one.unless or one.value == self.value else (one,),
            possible_of=lambda one: () if one.value == self.value else (one,),
        )
        found = self._of_application(known, reading, answer, scope.outside)
        if not self.option or answer.outcome is Outcome.NOT_APPLICABLE:
            return [found]
        held = not reading.missing and reading.value == self.value
        return self._of_tasks(known, found, held=held)

    def _of_application(self, known: TargetFacts, reading: Reading, answer: Answer[Reading], nothing: str) -> Finding:
        if answer.outcome is Outcome.UNDETERMINED:
            return undetermined(self.asked, named(answer.gaps), _AGAIN)
        if answer.outcome is Outcome.NOT_APPLICABLE:
            return Finding(answer.outcome, f"{self.asked} : {nothing}{read_so(answer)}", proof=answer.proof)
        evidence = reading.evidence if reading.seen else (known.probes[0].evidence(défaut=reading.value),)
        if answer.outcome is Outcome.ESTABLISHED:
            return Finding(answer.outcome, self._held(reading), evidence, proof=answer.proof)
        reading = reading.perhaps or reading
        problem = self.problem(reading.excerpt)
        return Finding(answer.outcome, self._broken(reading) + reading.explained, evidence, problem=problem)

    def _held(self, reading: Reading) -> str:
        if reading.seen:
            return self.asked + _override_note(reading)
        return f"`{self.name}` vaut {self.value} par défaut{_changed(reading)} - {self.purpose}"

    def _broken(self, reading: Reading) -> str:
        if reading.unless:
            return f"{reading.told} : {self.risk}"
        if reading.seen:
            return f"`{self.name}={reading.value}` au lieu de `{self.value}`{_override_note(reading)} : {self.risk}"
        risk = self.risk_of_default or self.risk
        return f"`{self.name}` n'est pas réglé, et vaut {reading.value} par défaut{_changed(reading)} : {risk}"

    def _of_tasks(self, known: TargetFacts, of_application: Finding, *, held: bool) -> Sequence[Finding]:
        """What holds of the application, and of the tasks that set the option for themselves; `held` by the former."""
        symbols = [known.target.role(role) for role in ("sender", "campaign_sender")]
        own = [self._of_task(known, symbol) for symbol in dict.fromkeys(symbols) if symbol]
        found: Sequence[Finding] = [of_application]
        if not held:
            found = self._beside_the_application(known, of_application, set(filter(None, symbols)))
        elif not any(symbols):
            own = [self._against(known), self._unsure(known)]
        return [*found, *(finding for finding in own if finding)]

    def _beside_the_application(self, known: TargetFacts, finding: Finding, symbols: set[str]) -> Sequence[Finding]:
        """What holds where the application does not say it: all tasks may, each for itself; those of some are named."""
        tasks = production_tasks(known)
        told = [(task, facts) for task, facts in tasks if own_option(task, self.option, facts) is self.value]
        unread = [task for task, facts in tasks if is_unread(own_option(task, self.option, facts))]
        if unread and len(unread) + len(told) == len(tasks):
            return [undetermined(self.asked, self._may_be_another(unread), _AGAIN)]
        if not told or any("*" in facts.settings for _, facts in told):
            return [finding]
        heads = [next((f.head for f, _ in known.function(task.symbol) if f.head), None) for task, _ in told]
        names = ", ".join(f"`{short(task.symbol)}`" for task, _ in told[:_NAMED])
        more = f" et {counted(len(told) - _NAMED, 'autre')}" if len(told) > _NAMED else ""
        every = {task.symbol for task, _ in tasks}
        domain = ruled_by(known, (), [*every, *(symbols - every)], counted(len(every), "tâche"), *unread_tasks(known))
        saying = {task.symbol for task, _ in told} - {task.symbol for task, facts in tasks if (task, facts) not in told}
        answer: Answer[str] = conclude(domain, lambda symbol: () if symbol in saying else (symbol,))
        if answer.outcome is not Outcome.ESTABLISHED:
            return [
                replace(finding, sentence=f"{finding.sentence} ; `{self.option}={self.value}` vaut pour {names}{more}")
            ]
        evidence = [facts.evidence(head) for (_, facts), head in zip(told, heads, strict=True)][:_NAMED]
        sentence = f"Chaque tâche a `{self.option}={self.value}` ({names}{more}), qui l'emporte sur `{self.name}`"
        return [Finding(answer.outcome, f"{sentence} - {self.purpose}", tuple(evidence), proof=answer.proof)]

    def _against(self, known: TargetFacts) -> Finding | None:
        """The tasks that say otherwise than the application, of which nobody said whether they matter."""
        seen = [
            (task, facts)
            for task, facts in production_tasks(known)
            if own_option(task, self.option, facts) is (not self.value)
        ]
        if not seen:
            return None
        names = ", ".join(f"`{short(task.symbol)}`" for task, _ in seen[:_NAMED])
        more = f" et {counted(len(seen) - _NAMED, 'autre')}" if len(seen) > _NAMED else ""
        clause = f"`{self.option}={not self.value}` pour {names}{more}"
        heads = [next((f.head for f, _ in known.function(task.symbol) if f.head), None) for task, _ in seen]
        problem = replace(
            self.problem(next(filter(None, heads), None)),
            title=f"Tâches à `{self.option}={not self.value}`",
            recommendation=f"Retirer `{self.option}={not self.value}`, sauf d'une tâche que l'on peut perdre",
            situation_text="" if any(heads) else f"{clause}.",
            solution=f"@shared_task({self.option}={self.value!r})",
        )
        evidence = [facts.evidence(head) for (_, facts), head in zip(seen, heads, strict=True)]
        text = f"{clause}, contre le réglage de l'application : {self.risk}"
        return Finding(Outcome.RESERVATION, text, tuple(evidence), problem=problem)

    def _unsure(self, known: TargetFacts) -> Finding | None:
        """The tasks that may say otherwise, by options that were not read, or in a file that was not; a base class is neither."""
        unread = [task for task, facts in production_tasks(known) if is_unread(own_option(task, self.option, facts))]
        asked, hidden = f"`{self.name}={self.value}` vaut pour chaque tâche", hidden_tasks(known)
        if not unread:
            return undetermined(asked, named(hidden), _AGAIN) if hidden else None
        return undetermined(asked, self._may_be_another(unread), _AGAIN)

    def _may_be_another(self, tasks: Sequence[Task]) -> str:
        names = ", ".join(f"`{short(task.symbol)}`" for task in tasks[:_NAMED])
        more = f" et {counted(len(tasks) - _NAMED, 'autre')}" if len(tasks) > _NAMED else ""
        return f"un autre `{self.option}` est possible pour {names}{more}, et ne se lit pas dans le code"

    def _of_task(self, known: TargetFacts, symbol: str) -> Finding | None:
        """What this task sets against the application's value; None when it sets nothing, or the same."""
        facts = next((f for f in known.probes if any(t.symbol == symbol for t in f.tasks)), None)
        name = symbol.rpartition(":")[2]
        if facts is None:
            return self._of_no_task(known, symbol)
        for task in (t for t in facts.tasks if t.symbol == symbol):
            value = own_option(task, self.option, facts)
            if (
                value is None
                or value is self.value
                or any(f is facts and s.value is value for s, f in known.setting(self.name))
            ):
                continue
            if isinstance(value, bool):
                text = (
                    f"`{name}` est déclarée avec `{self.option}={value}`, qui l'emporte sur `{self.name}` : {self.risk}"
                )
                head = next((f.head for f, _ in known.function(symbol) if f.head), None)
                problem = replace(
                    self.problem(head),
                    title=f"`{name}` a `{self.option}={value}`",
                    recommendation=f"Retirer `{self.option}={value}` de `{name}` (option de la tâche ou `task_annotations`)",
                    situation_text="" if head else f"`{name}` a `{self.option}={value}`.",
                    solution=f"@celery_app.task({self.option}={self.value!r})",
                )
                return defect(text, problem, facts.evidence(head, **{f"{name}.{self.option}": value}))
            return undetermined(
                f"`{self.name}={self.value}` vaut pour `{name}`",
                f"`{name}` peut avoir un autre `{self.option}`, qui ne se lit pas dans le code : `{value}`",
                _AGAIN,
            )
        return None

    def _of_no_task(self, known: TargetFacts, symbol: str) -> Finding | None:
        """A function that some decorator makes a task, maybe with options of its own."""
        head = known.head(symbol)
        if head is None or not head.text.lstrip().startswith("@"):
            return None
        return undetermined(
            f"`{self.name}={self.value}` vaut pour `{short(symbol)}`",
            f"les décorateurs de `{short(symbol)}` ne se suivent pas jusqu'à `task` : un autre `{self.option}` est possible",
            _AGAIN,
        )

    def problem(self, excerpt: Excerpt | None) -> Problem:
        """What the report details."""
        return Problem(
            title=f"`{self.name}` n'est pas à `{self.value}`",
            severity=self.guide.severity,
            impact=self.guide.impact,
            recommendation=f"Régler `{self.name}={self.value}`",
            situation=(excerpt,) if excerpt else (),
            situation_text="" if excerpt else f"`{self.name}` n'apparaît pas dans la configuration.",
            solution=f"celery_app.conf.{self.name} = {self.value!r}",
        )


def _override_note(reading: Reading) -> str:
    if reading.giver:
        return f" (valeur que `{reading.giver}` donne à `{reading.variable}`)"
    return f" (valeur par défaut, que `{reading.variable}` peut changer)" if reading.variable else ""


def _changed(reading: Reading) -> str:
    return f" (que `{reading.variable}` peut changer)" if reading.variable else ""
