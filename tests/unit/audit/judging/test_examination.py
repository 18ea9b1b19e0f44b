from dataclasses import replace
from pathlib import Path

import pytest

from audit.experiments.driver import Driver, DriverError
from audit.experiments.experiment import Record, WorkerGoneError
from audit.experiments.worker_return import not_back
from audit.judging.verdict import Status
from audit.model.facts import Application, Facts
from audit.model.findings import Finding, Level, Outcome
from audit.target.digest import tree_digest
from audit.target.target_file import Target
from tests.unit.audit.examples import CountedProbe, IdleStack, examination, experiment, finding, profile, proving, rule
from tests.unit.audit.experiments.soaks import written

DRIVER = """
from audit.experiments import driver

class Driver(driver.Driver):
    def __init__(self, root):
        self.log = root / "log"
    def start(self):
        self.log.write_text("start ")
        {start}
    def stop(self):
        self.log.write_text(self.log.read_text() + "stop")
    def conditions(self):
        {conditions}

    def limits(self):
        return {{"8.1": "deux pannes à la fois"}}
"""


def driven_target(folder: Path, name: str, start: str, conditions: str = "return ['tout est simulé']") -> Target:
    """A target whose driver's start does this; the module's name is its own, for modules stay imported."""
    (folder / f"{name}.py").write_text(DRIVER.format(start=start, conditions=conditions), encoding="utf-8")
    return Target("cible", folder, driver=f"{name}:Driver")


def test_a_probe_is_read_once_whatever_is_asked() -> None:
    done = examination(rule("late-acknowledgement", Outcome.ESTABLISHED), rule("recovery", Outcome.ESTABLISHED))
    for _, identifier in done.tests() * 2:
        done.findings(identifier)
    done.verdicts()
    assert isinstance(done.probes.source, CountedProbe)
    assert isinstance(done.probes.configuration, CountedProbe)
    assert (done.probes.source.calls, done.probes.configuration.calls) == (1, 0)


@pytest.mark.parametrize(
    ("target", "level", "imported"),
    [
        (Target("c", Path(), celery_app="a:b"), Level.CONFIGURATION, True),
        (Target("c", Path(), asgi_app="a:web"), Level.CONFIGURATION, True),
        (Target("c", Path()), Level.CONFIGURATION, False),
        (Target("c", Path(), celery_app="a:b"), Level.SOURCE, False),
    ],
)
def test_only_a_declared_application_is_imported(target: Target, level: Level, imported: bool) -> None:
    steps: list[str] = []
    done = examination(target=target, level=level, tell=steps.append)
    assert (done.known.configuration is not None) is imported
    assert steps[0] == "Reading the source of c"
    assert len(steps) == 1 + imported


def test_a_rule_nobody_asks_is_not_evaluated() -> None:
    asked = profile({"A": ("recovery",)}, observations=("deprecations",))
    rules = [rule(i, Outcome.ESTABLISHED) for i in ("recovery", "deprecations", "supervision")]
    assert set(examination(*rules, asked=asked).rule_findings) == {"recovery", "deprecations"}


def test_a_profile_may_reassign_and_be_lenient() -> None:
    asked = profile({"A": ("concurrency",)}, reassigned={"concurrency": ()}, lenient=frozenset({"concurrency"}))
    (seen,) = examination(rule("concurrency", Outcome.DEFECT), asked=asked).findings("concurrency")
    assert (seen.outcome, seen.requirements) == (Outcome.RESERVATION, ())


def test_leniency_changes_nothing_but_defects() -> None:
    asked = profile({"A": ("concurrency",)}, lenient=frozenset({"concurrency"}))
    (seen,) = examination(rule("concurrency", Outcome.UNDETERMINED), asked=asked).findings("concurrency")
    assert seen.outcome is Outcome.UNDETERMINED


@pytest.mark.parametrize(("level", "asked"), [(Level.CONFIGURATION, ["r"]), (Level.EXECUTION, ["r", "e"])])
def test_experiments_are_tests_at_level_execution_only(level: Level, asked: list[str]) -> None:
    done = examination(rule("r", Outcome.ESTABLISHED), experiments=[experiment("e", proving())], level=level)
    assert [i for _, i in done.tests()] == asked


def test_an_experiment_is_played_once_and_its_record_kept() -> None:
    stack = IdleStack()
    done = examination(experiments=[experiment("e", proving())], level=Level.EXECUTION, driver=stack)
    assert done.findings("e") is done.findings("e")
    assert done.records["e"].figures == [("Messages", "3")]
    assert done.every_finding() == done.findings("e")
    assert not stack.started, "a driver that is given is a started one"
    assert done.conditions == (), "and whoever started it knows its conditions"
    done.close()
    done.close()
    assert stack.stopped


def test_without_a_driver_nothing_is_started_and_the_report_says_how_to_write_one() -> None:
    done = examination(experiments=[experiment("e", proving())], level=Level.EXECUTION)
    (seen,) = done.findings("e")
    assert seen.outcome is Outcome.UNDETERMINED
    assert "aucun pilote" in seen.missing
    assert "target.driver" in seen.settles
    assert seen.rule == "e"


def test_a_driver_is_loaded_started_and_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    done = examination(
        target=driven_target(tmp_path, "driver_that_starts", "pass"),
        experiments=[experiment("e", proving()), experiment("f", proving())],
        level=Level.EXECUTION,
    )
    assert [done.outcome(i) for i in ("e", "f")] == [Outcome.ESTABLISHED] * 2
    assert done.conditions == ("tout est simulé",)
    assert done.limits == {"8.1": "deux pannes à la fois"}
    assert (tmp_path / "log").read_text() == "start "
    done.close()
    assert (tmp_path / "log").read_text() == "start stop"


@pytest.mark.parametrize(
    ("name", "start", "conditions", "words"),
    [
        ("driver_refused", "raise driver.DriverError('port pris')", "return []", "port pris"),
        ("driver_broken", "raise KeyError('port')", "return []", "n'a pas pu démarrer la pile (KeyError"),
        ("driver_mute", "pass", "return None", "n'a pas pu démarrer la pile (TypeError"),
        ("driver_unsure", "pass", "raise driver.DriverError('conditions inconnues')", "conditions inconnues"),
    ],
)
def test_a_failed_start_stops_what_was_started_and_is_undetermined(
    name: str, start: str, conditions: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    target = driven_target(tmp_path, name, start, conditions)
    both = [experiment("e", proving()), experiment("f", proving())]
    done = examination(target=target, experiments=both, level=Level.EXECUTION)
    (seen,) = done.findings("e")
    assert seen.outcome is Outcome.UNDETERMINED
    assert words in seen.missing
    assert seen.settles == ""
    assert (tmp_path / "log").read_text() == "start stop"
    (tmp_path / "log").unlink()
    assert done.findings("f")[0].missing == seen.missing
    assert not (tmp_path / "log").exists(), "what did not start is not waited for again"
    assert done.nothing_played


def test_an_interrupted_start_stops_what_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    target = driven_target(tmp_path, "driver_interrupted", "raise KeyboardInterrupt")
    done = examination(target=target, experiments=[experiment("e", proving())], level=Level.EXECUTION)
    with pytest.raises(KeyboardInterrupt):
        done.findings("e")
    assert (tmp_path / "log").read_text() == "start stop"


def test_what_the_stack_cannot_tell_is_undetermined_and_what_breaks_is_an_audit_error() -> None:
    def refused(stack: object, record: Record) -> list[Finding]:
        raise DriverError("la file ne répond pas")

    def broken(stack: object, record: Record) -> list[Finding]:
        raise ZeroDivisionError

    experiments = [experiment("e", refused), experiment("f", broken)]
    done = examination(experiments=experiments, level=Level.EXECUTION, driver=IdleStack())
    assert [done.outcome(i) for i in ("e", "f")] == [Outcome.UNDETERMINED, Outcome.AUDIT_ERROR]


def test_a_worker_that_is_not_back_refutes_8_5_and_ends_the_other_experiments() -> None:
    played: list[str] = []

    def killing(_: object, record: Record) -> list[Finding]:
        raise WorkerGoneError(not_back(record, "e", "n'est pas revenu", 30.0))

    def following(_: object, record: Record) -> list[Finding]:
        played.append("f")
        return []

    asked = profile({"A": ("e", "f")}, ("8.1", "8.3", "8.5"))
    experiments = [experiment("e", killing), experiment("f", following, ("8.3",))]
    done = examination(asked=asked, experiments=experiments, level=Level.EXECUTION, driver=IdleStack())
    for _, identifier in done.tests():
        done.findings(identifier)
    status = {number: verdict.status for number, verdict in done.verdicts().items()}
    assert status == {
        "8.1": Status.UNDETERMINED,
        "8.3": Status.UNDETERMINED,
        "8.5": Status.NON_COMPLIANT,
    }
    assert not played
    (after,) = done.findings("f")
    assert after.missing == "non joué : le worker tué pendant `e` n'est pas revenu"


def test_a_compensated_defect_counts_as_a_reservation() -> None:
    bare = rule("supervision", Outcome.DEFECT, requirements=("8.5",))
    asked = profile({"A": ("supervision", "recovery")}, ("8.5",))
    covered = examination(bare, rule("recovery", Outcome.ESTABLISHED, requirements=("8.5",)), asked=asked)
    assert covered.outcome("supervision") is Outcome.RESERVATION
    assert covered.verdicts()["8.5"].status is Status.PARTIAL
    alone = examination(bare, rule("recovery", Outcome.DEFECT), asked=asked)
    assert alone.outcome("supervision") is Outcome.DEFECT
    assert alone.verdicts()["8.5"].status is Status.NON_COMPLIANT


def test_a_compensation_of_a_requirement_that_is_not_asked_covers_nothing() -> None:
    asked = profile({"A": ("supervision", "recovery")}, ("8.4",))
    bare = rule("supervision", Outcome.DEFECT, requirements=("8.5",))
    done = examination(bare, rule("recovery", Outcome.ESTABLISHED), asked=asked)
    assert done.outcome("supervision") is Outcome.DEFECT


def test_the_floor_of_a_declared_profile_is_the_source() -> None:
    declared = examination(rule("r", Outcome.ESTABLISHED))
    assert declared.verdicts()["8.4"].status is Status.COMPLIANT
    demanding = examination(rule("r", Outcome.ESTABLISHED), asked=profile({"A": ("r",)}, declared=False))
    assert demanding.verdicts()["8.4"].status is Status.UNDETERMINED


def test_nothing_is_judged_when_no_probe_learned_anything_or_nothing_is_concluded() -> None:
    sound = rule("r", Outcome.ESTABLISHED)
    assert not examination(sound).nothing_judged
    assert examination(sound, source=Facts(Level.SOURCE, "source", failure="illisible")).nothing_judged
    assert examination(rule("r", Outcome.UNDETERMINED)).nothing_judged
    assert not examination(rule("r", finding(Outcome.DEFECT))).nothing_judged


def test_an_observation_alone_judges_nothing() -> None:
    asked = profile({"A": ("r",)}, observations=("deprecations",))
    rules = [rule("r", Outcome.UNDETERMINED), rule("deprecations", Outcome.ESTABLISHED)]
    assert examination(*rules, asked=asked).nothing_judged


def test_evidence_measured_elsewhere_needs_no_driver_and_decides_8_4(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    soak = written(tmp_path, lambda d: d["target"].update(digest=tree_digest(tmp_path / "tree")), kept=True)
    asked = replace(profile({"A": ("availability",)}), declared=False)
    target = Target("cible", tmp_path / "tree")
    source = Facts(Level.SOURCE, "source", applications=(Application("celery", "app:app"),))
    done = replace(examination(target=target, asked=asked, level=Level.EXECUTION, source=source), evidence=(soak,))
    assert done.outcome("availability") is Outcome.RESERVATION
    assert done.verdicts()["8.4"].status is Status.PARTIAL, "a trial says how long, and not how often"
    assert done.verdicts()["8.4"].known_by is Level.MEASUREMENT
    assert not done.nothing_played, "no scenario was asked"
    bare = replace(examination(target=target, asked=asked, level=Level.EXECUTION), evidence=(soak,))
    assert bare.verdicts()["8.4"].status is Status.UNDETERMINED
    assert "aucune application Celery" in bare.explanation("availability")
    (tmp_path / "tree" / "changed.py").touch()
    again = replace(examination(target=target, asked=asked, level=Level.EXECUTION, source=source), evidence=(soak,))
    assert again.outcome("availability") is Outcome.UNDETERMINED
    assert again.verdicts()["8.4"].status is Status.UNDETERMINED


@pytest.mark.parametrize(("exclude", "outcome"), [("old", Outcome.RESERVATION), ("app", Outcome.UNDETERMINED)])
def test_a_soak_decides_nothing_when_its_digest_leaves_out_a_role(
    exclude: str, outcome: Outcome, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    for folder in ("app", "old"):
        (tree / folder).mkdir(parents=True)
        (tree / folder / "tasks.py").touch()
    soak = written(tmp_path, lambda d: d["target"].update(digest=tree_digest(tree, (exclude,))), kept=True)
    target = Target("cible", tree, celery_app="app:app", exclude=(exclude,), roles={"sender": ("app.tasks:send",)})
    source = Facts(Level.SOURCE, "source", applications=(Application("celery", "app:app"),))
    asked = replace(profile({"A": ("availability",)}), declared=False)
    done = replace(examination(target=target, asked=asked, level=Level.EXECUTION, source=source), evidence=(soak,))
    assert done.outcome("availability") is outcome
    assert ("`app/tasks.py`" in done.explanation("availability")) is (outcome is Outcome.UNDETERMINED)


def test_a_family_that_only_experiments_judge_says_what_it_lacks_below_execution() -> None:
    asked = profile({"A": ("seen",)}, ("5.1",))
    done = examination(experiments=[experiment("seen", proving(), ("5.1",))], asked=asked)
    assert done.tests() == [("A", "seen")]
    (told,) = done.findings("seen")
    assert (told.outcome, told.missing) == (Outcome.UNDETERMINED, "aucun processus n'est lancé à ce niveau d'audit")
    assert done.records == {}


def test_what_bears_on_another_family_is_told_in_its_own_checkpoint() -> None:
    def both(_: Driver, record: Record) -> list[Finding]:
        return [
            finding(requirements=("4.3",), level=Level.EXECUTION),
            finding(requirements=("5.2",), level=Level.EXECUTION),
        ]

    asked = profile({"A": ("window",)}, ("5.2",), declared=False)
    wide = experiment("window", both, ("4.3", "5.2"))
    done = examination(experiments=[wide], asked=asked, level=Level.EXECUTION, driver=IdleStack())
    assert [f.requirements for f in done.findings("window")] == [("5.2",)]
