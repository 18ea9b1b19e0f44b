"""What may still write a setting hides no fault and makes no pass, and what cannot write it is no gap."""

import re
from pathlib import Path

import pytest

from audit.model.findings import Outcome
from tests.rules.setting_projects import APP, asked, every_answer

RULES = Path(__file__).resolve().parents[2] / "audit" / "rules"
LATE = "app.conf.task_acks_late = {}"
BROKEN = "print 'x'\n"
OVER_SETTINGS = [
    "setting_comparison",
    "exact_value",
    "limits",
    "connection",
    "visibility_timeout",
    "visibility_everywhere",
    "delivery",
    "unknown_settings",
    "inventory",
    "deprecated_interfaces",
    "required_settings",
    "security",
    "routing",
    "worker_pools",
    "bounded_memory",
    "chord_results",
    "third_party",
]


@pytest.mark.parametrize("name", OVER_SETTINGS)
def test_these_modules_conclude_only_over_domains_of_their_own_folder(name: str) -> None:
    text = (RULES / f"{name}.py").read_text(encoding="utf-8")
    assert not re.search(r"\b(passed|established|out_of_scope|not_applicable|Domain)\(", text)


@pytest.mark.parametrize(
    ("value", "other", "outcome"),
    [
        ("True", f"from app import app\napp.conf.task_acks_late = False\n{BROKEN}", Outcome.UNDETERMINED),
        ("True", f"def tune(c):\n    c.task_acks_late = False\n{BROKEN}", Outcome.UNDETERMINED),
        ("False", f"from app import app\napp.conf.task_acks_late = True\n{BROKEN}", Outcome.DEFECT),
        ("True", BROKEN, Outcome.ESTABLISHED),
    ],
)
def test_a_file_that_was_not_parsed(value: str, other: str, outcome: Outcome, tmp_path: Path) -> None:
    found = asked(tmp_path, "late-acknowledgement", {"app.py": APP.format(LATE.format(value)), "other.py": other})
    assert found.outcome is outcome, found.sentence
    assert outcome is not Outcome.UNDETERMINED or "`other.py` n'a pas été lu" in found.missing


@pytest.mark.parametrize(
    ("value", "decorator", "outcomes"),
    [
        ("True", "@app.task(acks_late=False)", [Outcome.ESTABLISHED, Outcome.UNDETERMINED]),
        ("True", "@job(acks_late=False)", [Outcome.ESTABLISHED, Outcome.UNDETERMINED]),
        ("False", "@app.task(acks_late=True)", [Outcome.DEFECT]),
        ("True", "", [Outcome.ESTABLISHED]),
    ],
)
def test_a_task_of_a_file_that_was_not_parsed_may_have_an_option_of_its_own(
    value: str, decorator: str, outcomes: list[Outcome], tmp_path: Path
) -> None:
    other = f"from shop import app, job\n{decorator}\ndef remove(id): ...\n{BROKEN}"
    files = {"app.py": APP.format(LATE.format(value)), "other.py": other}
    assert [one.outcome for one in every_answer(tmp_path, "late-acknowledgement", files)] == outcomes


@pytest.mark.parametrize(
    ("conf", "base", "outcome"),
    [
        (f"task_acks_late = True\n{BROKEN}", "", Outcome.UNDETERMINED),
        ("from base import *\n", f"task_acks_late = True\n{BROKEN}", Outcome.UNDETERMINED),
        ("task_acks_late = True\nfrom base import *\n", f"task_acks_late = False\n{BROKEN}", Outcome.UNDETERMINED),
        ("from base import *\ntask_acks_late = False\n", f"task_time_limit = 5\n{BROKEN}", Outcome.DEFECT),
        ("from base import *\n", "task_acks_late = True\n", Outcome.ESTABLISHED),
    ],
)
def test_settings_whose_module_was_not_parsed(conf: str, base: str, outcome: Outcome, tmp_path: Path) -> None:
    files = {"app.py": APP.format('app.config_from_object("conf")'), "conf.py": conf, "base.py": base}
    found = asked(tmp_path, "late-acknowledgement", files)
    assert found.outcome is outcome, (found.sentence, found.missing)


@pytest.mark.parametrize(
    ("path", "outcome"), [("shop/app.py", Outcome.UNDETERMINED), ("shop/web.py", Outcome.ESTABLISHED)]
)
def test_an_import_that_finds_nothing_may_write_where_settings_are_written(
    path: str, outcome: Outcome, tmp_path: Path
) -> None:
    files = {"shop/__init__.py": "", "shop/web.py": "", "shop/app.py": APP.format(LATE.format("True"))}
    files[path] += "import shop.tuning\n"
    assert asked(tmp_path, "late-acknowledgement", files).outcome is outcome


_COMPOSE = "services:\n  worker:\n    command: celery -A app worker\n    environment:\n      {}\n"


@pytest.mark.parametrize(
    ("code", "given", "outcome"),
    [
        ('os.environ.get("LATE", "1") == "1"', 'LATE: "0"', Outcome.DEFECT),
        ('os.environ.get("LATE", "1") == "1"', 'LATE: "1"', Outcome.ESTABLISHED),
        ('os.environ.get("LATE", "true") == "true"', "OTHER: x", Outcome.ESTABLISHED),
        ('os.getenv("EARLY", "") != "1"', 'EARLY: "1"', Outcome.DEFECT),
        ('not os.environ.get("EARLY")', 'EARLY: "yes"', Outcome.DEFECT),
    ],
)
def test_a_word_that_a_process_file_gives(code: str, given: str, outcome: Outcome, tmp_path: Path) -> None:
    files = {"app.py": APP.format(LATE.format(code)), "compose.yaml": _COMPOSE.format(given)}
    found = asked(tmp_path, "late-acknowledgement", files)
    assert found.outcome is outcome, (found.sentence, found.missing)
    assert outcome is not Outcome.DEFECT or "compose.yaml" in found.sentence


def test_a_prefetch_given_by_a_process_file(tmp_path: Path) -> None:
    code = 'app.conf.task_acks_late = True\napp.conf.worker_prefetch_multiplier = int(os.environ.get("AHEAD", 1))'
    files = {"app.py": APP.format(code), "compose.yaml": _COMPOSE.format("AHEAD: 8")}
    found = asked(tmp_path, "late-ack-prefetch", files)
    assert found.outcome is Outcome.RESERVATION
    assert "`worker_prefetch_multiplier=8`, par la valeur que `compose.yaml` donne à `AHEAD`" in found.sentence


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        ("\n@worker_init.connect\ndef early(sender, **kw):\n    app.conf.task_acks_late = False", Outcome.UNDETERMINED),
        (
            "\ndef early(sender, **kw):\n    app.conf.update(task_acks_late=False)\n\nworker_init.connect(early)",
            Outcome.UNDETERMINED,
        ),
        ("\n@worker_init.connect\ndef early(sender, **kw):\n    app.conf.task_time_limit = 5", Outcome.ESTABLISHED),
    ],
)
def test_an_import_does_not_see_what_the_start_of_a_worker_writes(
    handler: str, outcome: Outcome, tmp_path: Path
) -> None:
    code = f"from celery.signals import worker_init\n{LATE.format('True')}\n{handler}\n"
    files = {"audit.toml": '[target]\ncelery_app = "app:app"\n', "app.py": APP.format(code)}
    found = asked(tmp_path, "late-acknowledgement", files, imported=True)
    assert found.outcome is outcome, (found.sentence, found.missing)


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ("", "  # losing one is accepted here", Outcome.RESERVATION),
        ("# Tasks are not idempotent: never run one twice\n", "", Outcome.RESERVATION),
        ("# Celery broker and task settings\n", "", Outcome.DEFECT),
        ("", "  # TODO: turn this on again", Outcome.DEFECT),
        ("", "  # noqa: a rule that says so", Outcome.DEFECT),
        ("# app.conf.task_acks_late = True was not good\n", "", Outcome.DEFECT),
        ("", "", Outcome.DEFECT),
    ],
)
def test_a_comment_that_explains_a_value_says_that_it_is_meant(
    before: str, after: str, outcome: Outcome, tmp_path: Path
) -> None:
    code = f"{before}{LATE.format('False')}{after}"
    assert asked(tmp_path, "late-acknowledgement", {"app.py": APP.format(code)}).outcome is outcome


@pytest.mark.parametrize(
    ("rule", "code", "other", "outcome"),
    [
        ("reject-on-worker-lost", "app.conf.task_time_limit = 5", "", Outcome.NOT_APPLICABLE),
        ("reject-on-worker-lost", "app.conf.task_acks_late = True", "", Outcome.DEFECT),
        (
            "reject-on-worker-lost",
            "app.conf.task_time_limit = 5",
            f"@task(acks_late=True)\n{BROKEN}",
            Outcome.UNDETERMINED,
        ),
        ("limits-enforced", "app.conf.task_acks_late = True", "", Outcome.NOT_APPLICABLE),
        ("limits-enforced", "app.conf.task_acks_late = True", f"task_time_limit = 60\n{BROKEN}", Outcome.UNDETERMINED),
        ("pool-aligned", "app.conf.task_acks_late = True", f"worker_pool = 'solo'\n{BROKEN}", Outcome.UNDETERMINED),
        ("broker-tls", "app.conf.task_acks_late = True", "", Outcome.NOT_APPLICABLE),
        ("broker-tls", "app.conf.task_acks_late = True", f"app.conf.broker_url = x\n{BROKEN}", Outcome.UNDETERMINED),
        ("broker-tls", 'app.conf.broker_use_ssl = {"ssl_cert_reqs": open("x").read()}', "", Outcome.UNDETERMINED),
    ],
)
def test_nothing_is_out_of_scope_that_a_gap_may_bring_in(
    rule: str, code: str, other: str, outcome: Outcome, tmp_path: Path
) -> None:
    files = {"app.py": APP.format(code), "start.sh": "celery -A app worker\n", **({"other.py": other} if other else {})}
    found = asked(tmp_path, rule, files)
    assert found.outcome is outcome, (found.sentence, found.missing)


def test_own_limits_of_a_task_are_limits(tmp_path: Path) -> None:
    app = APP.format("app.conf.task_acks_late = True").replace("@app.task", "@app.task(time_limit=60)")
    found = asked(tmp_path, "limits-enforced", {"app.py": app, "start.sh": "celery -A app worker --pool=threads\n"})
    assert found.outcome is Outcome.DEFECT


@pytest.mark.parametrize(
    ("url", "outcome"),
    [
        ("rediss://r/0?ssl_cert_reqs=none", Outcome.DEFECT),
        ("rediss://r/0?ssl_cert_reqs=required", Outcome.ESTABLISHED),
        ("redis://r/0", Outcome.NOT_APPLICABLE),
    ],
)
def test_the_address_that_a_process_file_gives_is_the_one_that_counts(
    url: str, outcome: Outcome, tmp_path: Path
) -> None:
    app = APP.format("").replace('"redis://localhost/0"', 'os.environ.get("BROKER", "redis://localhost/0")')
    found = asked(tmp_path, "broker-tls", {"app.py": app, "compose.yaml": _COMPOSE.format(f"BROKER: {url}")})
    assert found.outcome is outcome, (found.sentence, found.missing)


@pytest.mark.parametrize(
    ("options", "outcome", "words"),
    [
        ("--soft-time-limit=60 --time-limit 90", Outcome.ESTABLISHED, "`--time-limit=90`"),
        ("--soft-time-limit=60", Outcome.DEFECT, "la souple seule"),
        ("--soft-time-limit=90 --time-limit=90", Outcome.DEFECT, "limite souple de 90 s, dure de 90 s"),
        ("--soft-time-limit=$SOFT --time-limit=90", Outcome.UNDETERMINED, ""),
    ],
)
def test_limits_of_a_start_line_are_those_of_tasks_without_their_own(
    options: str, outcome: Outcome, words: str, tmp_path: Path
) -> None:
    app = APP.format("app.conf.task_acks_late = True")
    found = asked(tmp_path, "time-limits", {"app.py": app, "start.sh": f"celery -A app worker {options}\n"})
    assert found.outcome is outcome, (found.sentence, found.missing)
    assert words in found.sentence.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("setting", "option", "outcome", "words"),
    [
        ("1", "--prefetch-multiplier=8", Outcome.DEFECT, "`start.sh` : `--prefetch-multiplier=8`"),
        ("4", "--prefetch-multiplier 1", Outcome.ESTABLISHED, "1 worker"),
        ("4", "--prefetch-multiplier=0", Outcome.DEFECT, "`worker_prefetch_multiplier=4`"),
        ("1", "--prefetch-multiplier=0", Outcome.ESTABLISHED, "`worker_prefetch_multiplier=1`"),
        ("1", "--prefetch-multiplier=$AHEAD", Outcome.UNDETERMINED, ""),
    ],
)
def test_the_start_line_wins_over_the_setting(
    setting: str, option: str, outcome: Outcome, words: str, tmp_path: Path
) -> None:
    code = f"app.conf.update(task_acks_late=True, worker_prefetch_multiplier={setting})"
    found = asked(
        tmp_path, "late-ack-prefetch", {"app.py": APP.format(code), "start.sh": f"celery -A app worker {option}\n"}
    )
    assert found.outcome is outcome, (found.sentence, found.missing)
    assert words in found.sentence.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("rule", "about"), [("beat-expires", "le planning est"), ("result-expires", "`result_backend`")]
)
@pytest.mark.parametrize("alone", [True, False], ids=["without an application", "with one that reads unknown settings"])
def test_a_project_of_tasks_without_an_application_is_told_apart(
    rule: str, about: str, tmp_path: Path, *, alone: bool
) -> None:
    app = "" if alone else "from celery import Celery\napp = Celery('shop')\napp.config_from_envvar('CELERY')\n"
    files = {"tasks.py": "from celery import shared_task\n\n\n@shared_task\ndef send(pk): ...\n", "shop.py": app}
    found = asked(tmp_path, rule, files)
    told = found.missing.replace("\u00a0", " ")
    assert found.outcome is Outcome.UNDETERMINED
    assert (told.startswith("aucune application Celery n'a été trouvée dans le projet") and about in told) is alone
