"""8.1: with nobody logged in, every Message 1 reaches the gateway exactly once while workers are killed in mid-send."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from audit.experiments.accounting import Account, account
from audit.experiments.driver import Driver
from audit.experiments.experiment import Experiment, Record
from audit.experiments.process_faults import Kill, gone
from audit.experiments.waiting import wait_stable, wait_until
from audit.experiments.worker_return import RETURN_SECONDS, await_return
from audit.french.typography import counted, french_seconds
from audit.model.findings import Finding, Outcome, Problem, Severity

_ID = "autonomous-sending"
_FINAL = frozenset({"sent", "delivered", "read", "failed", "cancelled"})


@dataclass(frozen=True)
class Plan:
    """Sizes of the scenario: how many contacts, and how long to wait (seconds) for each step."""

    contacts: int = 120
    twice: int = 2
    step_seconds: float = 45.0
    overlap_seconds: float = 1.0
    end_seconds: float = 60.0
    quiet_seconds: float = 2.0
    return_seconds: float = RETURN_SECONDS


def run(driver: Driver, record: Record, plan: Plan = Plan()) -> Sequence[Finding]:
    """Launch, kill the main process then a child while sends are in flight, deliver twice, and count."""
    people = driver.logged_in()
    if people:
        missing = (
            f"l'absence d'administrateur n'est pas réalisée (comptes ou sessions trouvés par le pilote : {len(people)})"
        )
        return [Finding(Outcome.UNDETERMINED, "Envoi sans administrateur", missing=missing)]
    before = len(driver.accepted())
    driver.hold("before")
    expected = driver.launch(plan.contacts)
    record.note(f"campagne lancée : {len(expected)} Message 1")
    # A broker gives a dead child's task back at once, a dead main process's only after an hour: what the gateway has not
    # accepted then depends on the recovery alone, and what it has accepted must not leave again with the child's task.
    faults = [
        _kill(
            driver,
            record,
            plan,
            Death("before", "processus principal", "", lambda: [driver.main_pid("worker")], is_main=True),
        ),
        _kill(
            driver,
            record,
            plan,
            Death(
                "after", "processus enfant", ", dont un dans le processus tué", lambda: driver.child_pids("worker")[:1]
            ),
        ),
    ]
    first = wait_until(lambda: _settled(driver, expected), plan.end_seconds, 0.2)
    record.note(
        "tous les envois de cette campagne sont dans un état final"
        if first
        else "délai épuisé avant la fin de ses envois"
    )
    twice, redelivered = _deliver_twice(driver, record, plan)
    expected |= twice
    faults.append(redelivered)
    settled = wait_until(lambda: _settled(driver, expected), plan.end_seconds, 0.2)
    settled = settled and wait_stable(lambda: len(driver.accepted()), plan.quiet_seconds, plan.end_seconds)
    result = account(expected, driver.accepted(), driver.recorded(), before)
    record.note("tous les envois sont dans un état final" if settled else "délai épuisé avant la fin des envois")
    _figures(record, result)
    told = (
        f"{plan.contacts} Message 1 d'une première campagne, alors que le processus principal du worker puis un de ses enfants ont été tués (SIGKILL) "
        f"en plein envoi, puis {plan.twice} d'une seconde, dont les réveils ont été publiés une seconde fois pendant l'envoi"
    )
    return _conclude(result, record, faults, told, settled=settled)


@dataclass(frozen=True)
class Death:
    """Whose death, and whether the gateway has accepted the sends in flight by then. `is_main`: something must bring it back."""

    point: Literal["before", "after"]
    who: str
    share: str
    pids: Callable[[], Sequence[int | None]]
    is_main: bool = False


def _kill(driver: Driver, record: Record, plan: Plan, death: Death) -> bool:
    """Kill while the gateway holds sends, before or after it accepted them, then let go; False when none was in flight."""
    driver.hold(death.point)
    in_flight = wait_until(lambda: _all_sending(driver) and death.pids() and all(death.pids()), plan.step_seconds)
    count = driver.held()
    victims = [pid for pid in death.pids() if pid]
    # The children of a killed main process follow it a moment later: an answer given now would still reach them.
    following = [*driver.child_pids("worker")] if victims == [driver.main_pid("worker")] else []
    struck = in_flight and bool(victims) and all(Kill(pid).strike() for pid in victims)
    struck = struck and wait_until(lambda: all(gone(pid) for pid in [*victims, *following]), plan.step_seconds)
    accepted = "déjà acceptés par la passerelle, sans réponse"
    when = accepted if death.point == "after" else "pas encore acceptés par la passerelle"
    told = f"{counted(count, 'envoi')} en vol, {when}{death.share}"
    nothing = "rien en vol, aucune faute injectée"
    record.note(f"SIGKILL : {death.who} du worker, {told}" if struck else f"{death.who} du worker : {nothing}")
    record.figure(f"À la mort du {death.who} du worker", told if struck else nothing)
    driver.release()
    if struck:
        record.blow(f"SIGKILL, {death.who} du worker, envois {when}", count)
    if struck and death.is_main:
        await_return(driver, record, _ID, victims[0], plan.return_seconds)
    return struck


def _all_sending(driver: Driver) -> bool:
    """Whether every child of the pool holds a send, so that whichever is killed was sending."""
    return driver.held() >= max(1, len(driver.child_pids("worker")))


def _deliver_twice(driver: Driver, record: Record, plan: Plan) -> tuple[frozenset[str], bool]:
    """While the gateway holds a few sends it has not accepted, the broker delivers them again and their locks are lost."""
    driver.hold("before")
    expected = driver.launch(plan.twice)
    record.note(f"seconde campagne lancée : {len(expected)} Message 1")
    held = wait_until(lambda: driver.held() >= plan.twice, plan.step_seconds)
    again = driver.deliver_again(expected) if held else 0
    wait_until(lambda: driver.held() > plan.twice, plan.overlap_seconds)
    record.note(f"{counted(again, 'réveil publié')} une seconde fois pendant l'envoi, clés de verrou effacées de Redis")
    record.figure("Réveils publiés une seconde fois pendant l'envoi", again)
    if again:
        record.blow("Réveils publiés une seconde fois, clés de verrou effacées de Redis", driver.held())
    driver.release()
    return expected, again > 0


def _settled(driver: Driver, expected: frozenset[str]) -> bool:
    recorded = driver.recorded()
    return all(recorded.get(key) in _FINAL for key in expected)


def _figures(record: Record, result: Account) -> None:
    record.losses = (len(result.lost), len(result.duplicated), len(result.uncertain))
    record.figure("Message 1 attendus", result.expected)
    record.figure("Acceptés par la passerelle", result.accepted)
    record.figure("Perdus", len(result.lost))
    record.figure("Envoyés deux fois", len(result.duplicated))
    record.figure("Inattendus", len(result.unexpected))
    record.figure("Incertains", len(result.uncertain))
    record.figure("Durée", french_seconds(record.timeline[-1][0] if record.timeline else 0.0))


def _conclude(
    result: Account, record: Record, faults: Sequence[bool], told: str, *, settled: bool
) -> Sequence[Finding]:
    evidence = (record.evidence(_ID),)
    findings = [_defect(text, keys, record) for text, keys in _wrongs(result) if keys]
    if findings:
        return findings
    title = "Envoi sans administrateur pendant que des workers sont tués"
    if result.uncertain or not settled:
        missing = f"{counted(len(result.uncertain), 'envoi')} au sort incertain, campagne {'finie' if settled else 'non finie'} au bout du délai"
        return [Finding(Outcome.UNDETERMINED, title, evidence, missing=missing)]
    if not result.sound or not all(faults):
        missing = "aucun envoi n'était en vol quand un processus devait être tué : la faute n'a pas eu lieu"
        return [Finding(Outcome.UNDETERMINED, title, evidence, missing=missing)]
    sentence = (
        f"Sans aucune session possible (le pilote ne trouve ni compte ni session) : la passerelle accepte, chacun une seule fois, {told} ; "
        f"{result.expected} attendus, {result.accepted} acceptés"
    )
    return [Finding(Outcome.ESTABLISHED, sentence, evidence)]


def _wrongs(result: Account) -> Sequence[tuple[str, tuple[str, ...]]]:
    return (
        ("Message 1 perdus : la passerelle ne les a jamais acceptés", result.lost),
        ("Message 1 envoyés plus d'une fois", result.duplicated),
        ("Envois que personne n'avait demandés", result.unexpected),
    )


def _defect(text: str, keys: tuple[str, ...], record: Record) -> Finding:
    shown = ", ".join(keys[:10]) + (f" … ({len(keys)} en tout)" if len(keys) > 10 else "")
    sentence = f"{text} : {len(keys)} ({shown})"
    problem = Problem(
        title=text,
        severity=Severity.CRITICAL,
        impact="Bloquant : des destinataires ne reçoivent rien, ou reçoivent deux fois",
        recommendation="Corriger la revendication, la réconciliation ou la reprise des envois, puis rejouer l'expérience",
        situation_text="\n".join(f"{at:.1f} s : {event}".replace(".", ",", 1) for at, event in record.timeline),
    )
    return Finding(Outcome.DEFECT, sentence, (record.evidence(_ID),), problem=problem)


EXPERIMENT = Experiment(_ID, "Envoi autonome sous la mort des workers", ("8.1",), run)
