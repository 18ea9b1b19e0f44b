import copy
import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.command.run_setup import prepare
from audit.journal.corrections import Previous
from audit.journal.journal_file import JournalError, Volatile, build, check, check_floors, dump, read
from audit.judging.examination import Examination
from audit.model.facts import BeatEntry, Facts
from audit.model.findings import Excerpt, Finding, Level, Outcome, Severity
from audit.report.markdown import render_markdown
from audit.requirements.catalogue import requirement
from audit.rules import Rule
from audit.target.target_file import Target
from tests.acceptance.reference_copy import REPOSITORY
from tests.unit.audit.examples import SENDER, IdleStack, examination, experiment, finding, profile, proving, rule

DECEMBER = REPOSITORY / "tests" / "targets" / "decembre-2025"
DIGEST = "0" * 64


def volatile(day: int = 1, duration: float = 1.5) -> Volatile:
    date = f"2026-01-{day:02}"
    return Volatile(date, f"{date}T10:00:00+00:00", duration, f"audit run --day {day}", "1 passed in 0.01s", "Linux")


def journal(done: Examination, previous: Previous | None = None) -> dict[str, Any]:
    for _, identifier in done.tests():
        done.findings(identifier)
    return build(done, DIGEST, volatile(), previous)


@pytest.fixture(scope="module")
def december() -> dict[str, Any]:
    return journal(prepare(DECEMBER, "checkpoint-2025", None))


def test_two_audits_of_the_same_tree_differ_by_what_is_volatile_only(december: dict[str, Any]) -> None:
    again = build(prepare(DECEMBER, "checkpoint-2025", None), DIGEST, volatile(2, 99.0), None)
    assert again != december
    assert dump(again | {"volatile": 0}) == dump(december | {"volatile": 0})


def test_nothing_outside_volatile_speaks_of_the_run(december: dict[str, Any]) -> None:
    told = dump(december | {"volatile": 0})
    assert not re.search(r"2026-01|--day|Linux|1 passed", told)
    assert str(DECEMBER) not in told


def test_a_dump_is_stable_and_read_again_in_the_same_order(december: dict[str, Any]) -> None:
    text = dump(december)
    assert dump(json.loads(text)) == text
    assert text.endswith("}\n")


def test_a_written_journal_is_read_again(december: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    path.write_text(dump(december), encoding="utf-8")
    assert read(path) == december


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", None])
def test_what_is_no_journal_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(JournalError, match=r"j\.json: not a journal"):
        read(path)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("version",), 2, "$.version"),
        (("requirements",), [], "$.requirements"),
        (("requirements", 0, "verdict"), "PARFAIT", "$.requirements[0].verdict"),
        (("requirements", 0, "reason"), "", "$.requirements[0].reason"),
        (("target", "digest"), "abc", "$.target.digest"),
        (("volatile", "date"), "hier", "$.volatile.date"),
        (("volatile", "weather"), "sunny", "$.volatile"),
    ],
)
def test_the_place_that_breaks_the_schema_is_told(
    place: tuple[Any, ...], value: Any, words: str, december: dict[str, Any]
) -> None:
    document = copy.deepcopy(december)
    part: Any = document
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    with pytest.raises(JournalError, match=re.escape(words)):
        check(document)


def test_a_missing_part_breaks_the_schema(december: dict[str, Any]) -> None:
    for name in december:
        with pytest.raises(JournalError, match=name):
            check({k: v for k, v in december.items() if k != name})


def quoted(text: str) -> str:
    """What a journal keeps of an excerpt with this text."""
    excerpt = Excerpt("app.py", 1, 1, text)
    done = examination(rule("r", finding(excerpt=excerpt)))
    evidence = journal(done)["requirements"][0]["findings"][0]["evidence"]
    return str(evidence[0]["excerpt"]["text"])


@pytest.mark.parametrize(
    "line",
    [
        'URL = "redis://:hunter2@host:6379/0"',
        'URL = "redis://user:hunter2@host:6379/0,redis://user:hunter2@other/0"',
        'URL = "postgresql+psycopg://user:hunter2@x@host/db"',
        "celery -A app -b redis://:hunter2@host worker",
        'password = "hunter2"',
        "WASSENGER_API_KEY: 'hunter2'",
        'def send(id, token: str = "hunter2"):',
        "secret: str | None = 'hunter2'",
        'options = {"password": "hunter2"}',
        'password = "it\'s hunter2"',
        'password = r"hunter2\\"hunter2"',
        'key = os.getenv("API_KEY", "hunter2")',
        'key = os.environ.get("SECRET_TOKEN", "hunter2")',
        "REDIS_PASSWORD=hunter2 celery -A app worker",
        "export WASSENGER_TOKEN=hunter2",
    ],
)
def test_a_secret_of_the_target_does_not_reach_the_journal(line: str) -> None:
    assert "hunter2" not in quoted(line)
    assert "***" in quoted(line)


@pytest.mark.parametrize(
    "line",
    [
        "token = settings.wassenger_token",
        'token = os.environ["WASSENGER_TOKEN"]',
        'client.get("https://api.wassenger.com/v1/messages")',
        "redis://host:6379/0",
        "export API_KEY=$1",
        "API_KEY=$(cat key) worker",
        "def authenticate(password: str) -> None:",
        'if token == "":',
        'mail = "somebody@example.org"',
    ],
)
def test_what_is_no_secret_is_quoted_verbatim(line: str) -> None:
    assert quoted(line) == line


def test_masking_does_not_stall_on_a_hostile_line() -> None:
    began = time.process_time()
    for text in (
        "token" * 20_000,
        "token" + " " * 100_000,
        "a" * 100_000,
        "a:" * 50_000,
        'password="' + "\\" * 100_001,
    ):
        quoted(text)
    assert time.process_time() - began < 10


def test_undetermined_points_without_a_requirement_stay_visible() -> None:
    asked = profile({"A": ("r", "lost", "broken", "seen", "fine")})
    lost = [
        rule("lost", finding(Outcome.UNDETERMINED, requirements=()), requirements=()),
        rule("broken", finding(Outcome.AUDIT_ERROR, requirements=()), requirements=()),
        rule("seen", Outcome.UNDETERMINED),
        rule("fine", Outcome.ESTABLISHED, requirements=()),
    ]
    document = journal(examination(rule("r", Outcome.ESTABLISHED), *lost, asked=asked))
    assert [f["rule"] for f in document["unattached"]] == ["lost", "broken", "fine"]


def test_each_outcome_is_counted_once() -> None:
    done = examination(*(rule(f"r{n}", o) for n, o in enumerate(Outcome)))
    document = journal(done)
    expected = {
        "tests": 5,
        "passed": 2,
        "warned": 1,
        "failed": 1,
        "undetermined": 1,
        "errors": 1,
        "not_applicable": 1,
    }
    assert document["categories"] == [{"name": "A", **expected}]
    assert document["totals"] == expected


def test_totals_sum_the_categories() -> None:
    asked = profile({"A": ("r",), "B": ("s",)})
    document = journal(examination(rule("r", Outcome.ESTABLISHED), rule("s", Outcome.DEFECT), asked=asked))
    assert [c["name"] for c in document["categories"]] == ["A", "B"]
    assert (document["totals"]["tests"], document["totals"]["passed"]) == (2, 1)


def test_a_profile_without_a_test_has_no_totals() -> None:
    document = journal(examination(asked=profile({})))
    assert (document["categories"], document["totals"]) == ([], {})


def test_problems_are_told_once_critical_first_then_defects() -> None:
    minor = finding(Outcome.RESERVATION, title="petit")
    defect = finding(Outcome.DEFECT, title="moyen")
    critical = finding(Outcome.DEFECT, title="grave", severity=Severity.CRITICAL)
    document = journal(examination(rule("r", minor, defect), rule("s", critical, defect)))
    assert [(p["number"], p["title"]) for p in document["problems"]] == [(1, "grave"), (2, "moyen"), (3, "petit")]
    assert document["problems"][1]["rule"] == "r"


def test_functions_are_quoted_once_each() -> None:
    line = Excerpt("conf.py", 1, 1, "x = 1")
    findings = [finding(excerpt=SENDER), finding(excerpt=SENDER), finding(excerpt=line), finding()]
    (entry,) = journal(examination(rule("r", *findings)))["requirements"]
    assert [e["path"] for e in entry["excerpts"]] == ["app.py"]
    assert [bool(f["evidence"][0]["excerpt"]) for f in entry["findings"]] == [True, True, True, False]


def test_an_experiment_that_was_played_leaves_its_record() -> None:
    experiments = [experiment("autonomous-sending", proving()), experiment("not-asked", proving())]
    asked = profile({"A": ("autonomous-sending",)}, ("8.1",), declared=False)
    done = examination(experiments=experiments, asked=asked, level=Level.EXECUTION, driver=IdleStack())
    document = journal(done)
    (told,) = document["experiments"]
    assert (told["id"], told["figures"]) == ("autonomous-sending", [["Messages", "3"]])
    assert told["timeline"][0][1] == "lancement"
    assert (document["requirements"][0]["verdict"], document["requirements"][0]["known_by"]) == ("CONFORME", "exécuté")
    assert document["level"] == "execution"


def test_what_the_owner_knows_to_be_untried_is_told_beside_the_proof(december: dict[str, Any]) -> None:
    """Two doubles that the stack cannot exclude were in its code, and in no report."""
    done = prepare(DECEMBER, "checkpoint-2025", None)
    done.limits = {"8.1": "un worker gelé avant sa requête", "9.9": "ailleurs"}
    before = {entry["id"]: entry["unproved"] for entry in december["requirements"]}
    after = {entry["id"]: entry["unproved"] for entry in journal(done)["requirements"]}
    assert after == before | {"8.1": f"{before['8.1']} ; un worker gelé avant sa requête"}


def test_the_conditions_of_the_runs_are_told(december: dict[str, Any]) -> None:
    done = examination(rule("r", Outcome.ESTABLISHED))
    done.conditions = ("tout est simulé", "rien n'est raccourci")
    assert journal(done)["conditions"] == ["tout est simulé", "rien n'est raccourci"]
    assert december["conditions"] == []


_PLAYED = "lever ce qui a manqué à l'expérience ci-dessus, puis la rejouer"


def test_who_has_a_driver_is_not_told_to_write_one() -> None:
    for driver, first in (("", "écrire un pilote"), ("checks:Driver", "`audit run")):
        done = prepare(DECEMBER, "strict", "source")
        done = replace(done, target=replace(done.target, driver=driver))
        (entry,) = [r for r in journal(done)["requirements"] if r["id"] == "8.1"]
        assert entry["settles"].startswith(first)


def settles(identifier: str, *played: tuple[str, Finding], rules: tuple[Rule, ...] = ()) -> str:
    """What the journal says would settle this requirement, after experiments that found this about it."""
    experiments = [
        experiment(name, lambda *_, found=found: [replace(found, requirements=())], (identifier,))
        for name, found in played
    ]
    asked = profile({"A": (*(r.id for r in rules), *(name for name, _ in played))}, (identifier,), declared=False)
    done = examination(*rules, experiments=experiments, asked=asked, level=Level.EXECUTION, driver=IdleStack())
    (entry,) = journal(done)["requirements"]
    return str(entry["settles"])


def test_playing_again_what_was_played_is_no_advice() -> None:
    executed, unsure = finding(level=Level.EXECUTION), finding(Outcome.UNDETERMINED)
    broken = finding(Outcome.AUDIT_ERROR)
    assert settles("8.1", ("autonomous-sending", unsure)) == _PLAYED
    assert settles("8.1", ("autonomous-sending", broken)) == _PLAYED
    assert settles("8.5", ("worker-restart", executed), ("retry-schedule", unsure)) == _PLAYED


def test_what_was_not_played_is_still_to_be_played() -> None:
    unsure = finding(Outcome.UNDETERMINED)
    assert settles("8.1") == requirement("8.1").settles
    assert settles("8.5", ("retry-schedule", unsure)) == requirement("8.5").settles
    assert settles("8.4", ("autonomous-sending", unsure)) == requirement("8.4").settles


def test_an_experiment_that_concluded_lacked_nothing() -> None:
    sound = ("autonomous-sending", finding(level=Level.EXECUTION))
    open_rule = rule("sender-no-user", Outcome.AUDIT_ERROR, requirements=("8.1",))
    assert settles("8.1", sound, rules=(open_rule,)) == requirement("8.1").settles


def test_versions_come_from_the_strongest_probe() -> None:
    target = Target("cible", Path("/nowhere"), celery_app="a:b")
    versions = {"celery": "5.6.3", "isolation": "espace de noms sans réseau"}
    inside = Facts(Level.CONFIGURATION, "configuration", versions=versions)
    done = examination(rule("r", Outcome.ESTABLISHED), target=target, level=Level.CONFIGURATION, configuration=inside)
    document = journal(done)
    assert document["target"]["versions"] == {"celery": "5.6.3"}
    assert [(p["level"], p["isolation"]) for p in document["probes"]] == [
        ("déclaré", ""),
        ("configuré", "espace de noms sans réseau"),
    ]
    assert journal(examination(rule("r", Outcome.ESTABLISHED)))["target"]["versions"] == {"python": "3.11"}


def test_periodic_tasks_and_compensations_are_told(december: dict[str, Any]) -> None:
    assert {r["task"] for r in december["periodic_tasks"]["rows"]} >= {"system_health_check", "cleanup_expired_locks"}
    (supervised,) = (r for r in december["requirements"] if r["id"] == "8.5")
    assert [c["control"] for c in supervised["compensations"]] == ["recover_interrupted_campaigns"]


def test_a_document_that_breaks_its_schema_is_never_written() -> None:
    done = examination(rule("r", Outcome.ESTABLISHED))
    with pytest.raises(JournalError, match=r"target\.digest"):
        build(done, "no digest", volatile(), None)


def test_values_that_json_does_not_know_become_text() -> None:
    entry = BeatEntry("e", "app.tasks.sweep_expired_leases", 60.0)
    document = journal(
        examination(rule("r", Outcome.ESTABLISHED), source=Facts(Level.SOURCE, "s", beat=(entry,), beat_known=True))
    )
    assert json.loads(dump(document)) == document
    assert document["periodic_tasks"]["rows"][0]["purpose"] == "Reprise des envois dont le bail a expiré"


def test_the_parts_of_a_probe_that_failed_are_in_the_journal_and_in_the_banner() -> None:
    said = "L'import de « jobs » a échoué : SyntaxError."
    target = Target("cible", Path("/nowhere"), celery_app="a:b")
    inside = Facts(Level.CONFIGURATION, "configuration", failures=(said,) * 6)
    done = examination(rule("r", Outcome.ESTABLISHED), target=target, level=Level.CONFIGURATION, configuration=inside)
    document = journal(done)
    assert [p["failures"] for p in document["probes"]] == [[], [said] * 6]
    report = render_markdown(document).replace("\u00a0", " ").replace("\u202f", " ")
    banner, _, rest = report.partition("## 1.")
    assert "n'a pas tout lu" in banner
    assert "« jobs »" in banner
    assert "la liste entière" in banner
    assert "qui ont échoué" in rest


def test_a_family_that_its_profile_does_not_judge(december: dict[str, Any]) -> None:
    check_floors(december)
    with pytest.raises(JournalError, match="profile checkpoint-2025 does not judge family 4"):
        check_floors(december | {"family": "4"})


def test_a_checkpoint_of_another_family_is_named_after_its_phase() -> None:
    target = Target("cible", Path("/nowhere"), task="14. Checkpoint")
    other = examination(
        rule("r", Outcome.ESTABLISHED, requirements=("9.1",)), target=target, asked=profile({"A": ("r",)}, ("9.1",))
    )
    assert journal(other)["target"]["task"] == "Phase 8 - Audit Statistiques"
    assert journal(examination(rule("r", Outcome.ESTABLISHED), target=target))["target"]["task"] == "14. Checkpoint"


def test_a_journal_lacks_only_the_requirements_that_came_after_it() -> None:
    older = read(REPOSITORY / "reports" / "2026-11-28-famille-4-strict-2.json")
    check_floors(older)
    newer = older | {"volatile": older["volatile"] | {"generated_at": "2026-11-29T08:00:00+00:00"}}
    with pytest.raises(JournalError, match="at their floors"):
        check_floors(newer)
    fewer = [r for r in older["requirements"] if r["id"] != "4.1"]
    with pytest.raises(JournalError, match="at their floors"):
        check_floors(older | {"requirements": fewer})
