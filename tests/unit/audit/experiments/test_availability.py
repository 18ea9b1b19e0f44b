"""8.4: what establishes 99,9 %, what refutes it, and everything that does neither."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.experiments import availability
from audit.experiments.evidence_files import Dossier
from audit.experiments.experiment import Record
from audit.model.findings import Finding, Level, Outcome
from tests.unit.audit.experiments.soaks import DIGEST, Change, strike, written

APPLICATION = "app.celery:app"
NOW = datetime.now(UTC).replace(microsecond=0)


def appraised(
    *files: Path, digest: str = DIGEST, application: str = APPLICATION, hidden: tuple[str, ...] = ()
) -> tuple[Finding, Record]:
    dossier = Dossier(files, lambda: digest, lambda: application, lambda: hidden)
    (finding, *_), record = availability.EXPERIMENT.perform(dossier)
    return finding, record


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_without_evidence_nothing_is_concluded_and_the_command_is_named() -> None:
    finding, _ = appraised()
    assert finding.outcome is Outcome.UNDETERMINED
    assert "audit soak" in finding.settles
    assert finding.needs is Level.MEASUREMENT


def test_a_sound_soak_of_this_tree_establishes_with_its_conditions(tmp_path: Path) -> None:
    finding, record = appraised(written(tmp_path, kept=True))
    assert (finding.outcome, finding.level) == (Outcome.ESTABLISHED, Level.MEASUREMENT), finding
    told = plain(finding.sentence)
    assert "un worker a droit à 86,4 s d'arrêt par jour, soit 28 morts ou " in told
    assert "99e centile" not in told
    assert (
        "4 000 messages témoins sur 4 000 sont partis en 15 s au plus (la moitié en 0 s, 99 sur 100 en 0 s, le plus long en 0 s)"
        in told
    )
    assert "borne inférieure" not in told + plain(str(record.figures))
    assert (
        "Non essayés : panne d'hôte, panne de fournisseur (d'après `soak.json` ; rien ne protège ce fichier d'une modification : son auteur en répond)"
        in told
    )
    assert any("MTTR" in label for label, _ in record.figures)


def test_a_soak_without_production_is_a_trial_and_no_availability(tmp_path: Path) -> None:
    """« ✅ CONFORME (mesuré) » once stood before « la production seule confirme 99,9 % »."""
    dossier = Dossier((written(tmp_path, kept=True),), lambda: DIGEST, lambda: APPLICATION)
    (established, trial), _ = availability.EXPERIMENT.perform(dossier)
    assert plain(established.sentence).startswith("Mesuré en essai : ")
    assert (trial.outcome, trial.level) == (Outcome.RESERVATION, Level.MEASUREMENT)
    assert "est compatible avec 99,9 % jusqu'à 28 morts ou " in plain(trial.sentence)
    assert "la disponibilité elle-même reste à mesurer en production" in plain(trial.sentence)
    assert trial.problem is not None


def test_a_soak_beside_what_production_lived_is_no_trial_alone(tmp_path: Path) -> None:
    dossier = Dossier(
        (written(tmp_path, kept=True), export(tmp_path, ("a", 0, 100), ("b", 99, 240))),
        lambda: DIGEST,
        lambda: APPLICATION,
    )
    findings, _ = availability.EXPERIMENT.perform(dossier)
    assert [f.outcome for f in findings] == [Outcome.ESTABLISHED, Outcome.ESTABLISHED]


def test_the_longest_of_the_deaths_counts_and_a_requested_stop_costs_more(tmp_path: Path) -> None:
    def stops(document: dict[str, Any]) -> None:
        strikes = document["strikes"]
        moved = strikes.pop(next(n for n, s in enumerate(strikes) if s["fault"] == "quit-main"))
        strikes.append(moved | {"at": strikes[-1]["at"] + 5, "recovery": 21.39})

    finding, record = appraised(written(tmp_path, stops, kept=True))
    assert "ou 4 arrêts demandés (SIGTERM ou SIGQUIT : 8 dans ce journal, 21,39 s au plus)" in plain(finding.sentence)
    assert "4, à 21,39 s chacun au plus" in [plain(value) for _, value in record.figures]
    assert not any("centile" in label for label, _ in record.figures)


def _lose(document: dict[str, Any]) -> None:
    document["sends"]["lost"] = ["+33639980001"]
    document["sends"]["accepted"] -= 1


def _late(document: dict[str, Any]) -> None:
    document["availability"]["in_time"] = 3900


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_lose, "envois perdus : 1 (+33639980001)"),
        (lambda d: d["sends"].update(duplicated=["+33639980002"]), "envois doublés : 1 (+33639980002)"),
        (lambda d: d["sends"].update(unexpected=["+33639980003"]), "envois inattendus : 1 (+33639980003)"),
        (lambda d: d["webhooks"].update(lost=["FIRE1"], accepted=99), "webhooks perdus : 1 (FIRE1)"),
        (_late, "moins de 99,9 %"),
    ],
)
def test_what_a_soak_refutes(change: Change, words: str, tmp_path: Path) -> None:
    finding, _ = appraised(written(tmp_path, change))
    assert finding.outcome is Outcome.DEFECT
    assert words in plain(finding.sentence)


def _slow(document: dict[str, Any]) -> None:
    for one in document["strikes"]:
        one["recovery"] = 7.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(strikes=d["strikes"][1:]), "points de mort frappés moins de 10 fois : 1 (dont `before-claim/child`)"),
        (lambda d: d["strikes"][0].update(drawn=True), "points de mort frappés moins de 10 fois : 1 (dont `before-claim/child`)"),
        (lambda d: d.update(strikes=[s for s in d["strikes"] if s["fault"] != "midnight"]), "classes de fautes"),
        (lambda d: d.update(strikes=[s for s in d["strikes"] if not s["drawn"]]), "0 faute tirée au hasard au lieu de 100"),
        (lambda d: d["sends"].update(expected=9_999, accepted=9_999), "9 999 envois au lieu de 10 000"),
        (lambda d: d.update(settled=False), "pile non calmée à la fin"),
        (lambda d: d["sends"].update(uncertain=["+33"], accepted=11_999), "1 envoi au sort incertain"),
        (lambda _: None, "n'établit rien : son registre des envois n'est pas gardé : rien ne se recompte"),
        (_slow, "au-delà de 6 s"),
        (lambda d: d["strikes"].append(strike("kill-main", recovery=None)), "retour du worker non observé après 1 mort"),
        (lambda d: d.update(availability=None), "aucun message témoin n'a été envoyé"),
        (lambda d: d["availability"].update(workers=1), "au lieu de deux workers"),
        (lambda d: d["availability"].update(crashes=1), "1 mort en 360 s au lieu"),
        (lambda d: d["availability"].update(elapsed_seconds=60, period_seconds=5), "6 morts en 60 s au lieu"),
        (lambda d: d["availability"].update(deadline_seconds=61), "sondes attendues 61 s, au-delà de 60 s"),
        (lambda d: d["strikes"].append(strike("kill-main", recovery=0.0)), "revenu en 0 s"),
        (lambda d: d["strikes"].append(strike("kill-main", recovery=1e-9)), "revenu en 0 s"),
        (lambda d: d["strikes"][0].update(recovery=None), "reprise non observée en 60 s après 1 faute (dont `before-claim/child`)"),
        (lambda d: d["strikes"][-1].update(recovery=300.0), "reprise non observée en 60 s"),
        (lambda d: d["webhooks"].update(uncertain=["w1"], accepted=99), "1 webhook au sort incertain"),
        (lambda d: d["webhooks"].update(expected=55, accepted=55), "55 webhooks attendus pour 56 fautes de webhooks"),
        (lambda d: d.update(duration_seconds=9_000.0) or d["availability"].update(crashes=5, elapsed_seconds=3_000.0), "5 morts en 3 000 s au lieu"),
        (lambda d: d["strikes"][0].update(keys=0), "1 faute sans aucun envoi en jeu"),
        (lambda d: d["webhooks"].update(expected=0, accepted=0), "0 webhook attendu pour 56 fautes de webhooks"),
        (lambda d: d["availability"].update(probes=2000, in_time=2000), "sous 99,9 % (99,85 %)"),
        (lambda d: d["strikes"][0].update(struck=False), "points de mort"),
        # Harsher than what the refutation would say: a sound service fails it too.
        (lambda d: d["availability"].update(in_time=2000, period_seconds=1, crashes=300), "sous 99,9 %"),
        (lambda d: d["availability"].update(in_time=2000, deadline_seconds=0.01), "sous 99,9 %"),
    ],
)  # fmt: skip
def test_a_soak_that_is_too_small_or_unclear_establishes_nothing(change: Change, words: str, tmp_path: Path) -> None:
    finding, _ = appraised(written(tmp_path, change))
    assert finding.outcome is Outcome.UNDETERMINED, finding
    assert words in plain(finding.missing)


def test_the_soak_of_another_tree_says_nothing_of_this_one(tmp_path: Path) -> None:
    finding, _ = appraised(written(tmp_path, _lose), digest="b" * 64)
    assert finding.outcome is Outcome.UNDETERMINED
    assert "porte sur un autre arbre (aaaaaaaaaaaa)" in finding.missing


def test_a_soak_at_its_limits_still_establishes(tmp_path: Path) -> None:
    def to_the_limits(document: dict[str, Any]) -> None:
        document["availability"].update(deadline_seconds=60, elapsed_seconds=330, crashes=6)
        document["webhooks"].update(expected=56, accepted=56)
        for one in document["strikes"]:
            one.update(keys=1, recovery=0.05)

    finding, _ = appraised(written(tmp_path, to_the_limits, kept=True))
    assert finding.outcome is Outcome.ESTABLISHED, finding


@pytest.mark.parametrize("change", [lambda _: None, _lose])
def test_a_soak_of_a_tree_without_celery_application_says_nothing(change: Change, tmp_path: Path) -> None:
    finding, _ = appraised(written(tmp_path, change), application="")
    assert finding.outcome is Outcome.UNDETERMINED
    assert "aucune application Celery n'est trouvée" in finding.missing


@pytest.mark.parametrize("change", [lambda _: None, _lose])
def test_a_soak_whose_digest_leaves_out_code_says_nothing(change: Change, tmp_path: Path) -> None:
    finding, _ = appraised(written(tmp_path, change), hidden=("le lien `app` mène hors de l'arbre",))
    assert finding.outcome is Outcome.UNDETERMINED
    assert "ne tient pas compte de tout le code (le lien `app` mène hors de l'arbre)" in finding.missing


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("strikes"),
        lambda d: d.update(format="soak/2"),
        lambda d: d["target"].update(digest="A"),
        lambda d: d["sends"].update(lost="none"),
        lambda d: d["sends"].update(expected=-1),
        lambda d: d["sends"].update(expected=True),
        lambda d: d.update(generated_at="2026-01-02"),
        lambda d: d.update(generated_at="tomorrow"),
        lambda d: d.update(generated_at="2999-01-01T00:00:00+00:00"),
        lambda d: d["strikes"][0].update(recovery=-1),
        lambda d: d["strikes"][0].update(in_flight=0),
        lambda d: d["strikes"][0].update(lost=["+33639980001"]),
        lambda d: d["strikes"][0].update(wrong=["FIRE9"]),
        lambda d: d["strikes"][0].update(at=5000),
        lambda d: d["strikes"][0].update(keys=20_000),
        lambda d: d["sends"].update(accepted=10),
        lambda d: d["availability"].update(in_time=4001),
        lambda d: d["availability"].update(period_seconds=0),
        lambda d: d["availability"].update(deadline_seconds=0),
        lambda d: d["availability"].update(elapsed_seconds=0),
        lambda d: d["availability"].update(crashes=7),
        lambda d: d.update(duration_seconds=359),
        lambda d: d["sends"].update(accepted=12_001),
        lambda d: d["webhooks"].update(accepted=0),
        lambda d: d["webhooks"].update(accepted=101),
        lambda d: d["availability"].update(probes=9_000, in_time=9_000),
        lambda d: [one.update(at=0.0) for one in d["strikes"]],
        lambda d: d["strikes"].insert(1, d["strikes"][0]),
        lambda d: d["strikes"][-1].update(recovery=1000),
        lambda d: d.update(generated_at="0001-01-01T00:00:00+23:00"),
        lambda d: d["availability"].update(probes=10**400, in_time=10**400),
        lambda d: d["availability"].update(elapsed_seconds=1e300),
    ],
)
def test_a_garbled_soak_is_a_clear_message_and_never_conclusive(change: Change, tmp_path: Path) -> None:
    finding, _ = appraised(written(tmp_path, change))
    assert finding.outcome is Outcome.UNDETERMINED
    assert "`soak.json` est inutilisable" in finding.missing


@pytest.mark.parametrize("name", ["duration_seconds", "recovery", "elapsed_seconds", "deadline_seconds", "at"])
def test_a_number_beyond_all_numbers_is_no_measure(name: str, tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text(
        re.sub(rf'"{name}": [0-9.]+', f'"{name}": 1e999', path.read_text(encoding="utf-8")), encoding="utf-8"
    )
    finding, _ = appraised(path)
    assert finding.outcome is Outcome.UNDETERMINED
    assert "`soak.json` est inutilisable" in finding.missing


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "ce n'est pas du JSON"),
        (b"\xff\xfe", "ce n'est pas du JSON"),
        (b"[" * 200_000, "ce n'est pas du JSON"),
        (b'{"format": NaN}', "ce n'est pas du JSON"),
        (b"[]", "son format"),
        (b'{"format": ["soak/1"]}', "son format"),
        (b'{"format": "soak/1", "target": {"digest": "\\ud800"}}', "texte hors d'Unicode"),
        (b'{"format": "soak/1", "target": ' + b"[" * 700 + b"]" * 700 + b"}", "trop de niveaux"),
    ],
)
def test_what_is_no_evidence_at_all(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "file.json").write_bytes(content)
    finding, _ = appraised(tmp_path / "file.json")
    assert finding.outcome is Outcome.UNDETERMINED
    assert words in finding.missing


def test_files_that_are_not_there_or_not_files(tmp_path: Path) -> None:
    assert "n'existe pas" in appraised(tmp_path / "none.json")[0].missing
    assert "fichier ordinaire" in appraised(tmp_path)[0].missing
    assert "fichier ordinaire" in appraised(Path("/dev/zero"))[0].missing


def test_one_bad_file_beside_a_good_one_is_told_too(tmp_path: Path) -> None:
    dossier = Dossier((written(tmp_path, kept=True), tmp_path / "none.json"), lambda: DIGEST, lambda: APPLICATION)
    findings, _ = availability.EXPERIMENT.perform(dossier)
    assert [f.outcome for f in findings] == [Outcome.ESTABLISHED, Outcome.UNDETERMINED, Outcome.RESERVATION]
    assert all(f.needs is Level.MEASUREMENT for f in findings)


def test_a_digest_that_cannot_be_read_is_an_audit_error(tmp_path: Path) -> None:
    def unreadable() -> str:
        raise OSError("no")

    (finding,), _ = availability.EXPERIMENT.perform(Dossier((written(tmp_path),), unreadable))
    assert finding.outcome is Outcome.AUDIT_ERROR


def export(folder: Path, *periods: tuple[str, float, float], days: float = 10.0, **other: Any) -> Path:
    """Signs of life given in hours since the window began."""
    start = NOW - timedelta(days=days)
    alive = [
        [w, (start + timedelta(hours=a)).isoformat(), (start + timedelta(hours=b)).isoformat()] for w, a, b in periods
    ]
    document = {
        "format": "worker-heartbeats/1",
        "application": APPLICATION,
        "exported_at": NOW.isoformat(),
        "from": start.isoformat(),
        "to": NOW.isoformat(),
        "beat_seconds": 15,
        "alive": alive,
    } | other
    path = folder / "heartbeats.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_production_establishes_when_two_workers_relay_each_other(tmp_path: Path) -> None:
    finding, record = appraised(export(tmp_path, ("a", 0, 100), ("b", 99, 240)))
    assert finding.outcome is Outcome.ESTABLISHED
    assert "100 % du temps" in plain(finding.sentence)
    assert plain(finding.sentence).endswith(
        "et non l'arbre audité ; rien ne protège ce fichier d'une modification : son auteur en répond"
    )
    assert dict(record.figures)["Interruptions"].startswith("0")


@pytest.mark.parametrize("periods", [(("a", 0, 240),), ()])
def test_the_export_of_another_application_neither_establishes_nor_refutes(
    periods: tuple[tuple[str, float, float], ...], tmp_path: Path
) -> None:
    finding, _ = appraised(export(tmp_path, *periods, application="other.project:app"))
    assert finding.outcome is Outcome.UNDETERMINED
    assert "l'export est celui de `other.project:app`, l'application auditée est `app.celery:app`" in finding.missing
    finding, _ = appraised(export(tmp_path, *periods), application="")
    assert finding.outcome is Outcome.UNDETERMINED
    assert "aucune application Celery n'est trouvée" in finding.missing


@pytest.mark.parametrize(
    ("beat_seconds", "alive_seconds", "outcome"),
    [(60, 1, Outcome.UNDETERMINED), (60, 59, Outcome.UNDETERMINED), (60, 59.99, Outcome.ESTABLISHED)],
)
def test_many_short_silences_are_added_up(
    beat_seconds: float, alive_seconds: float, outcome: Outcome, tmp_path: Path
) -> None:
    minutes = [("a", n / 60, n / 60 + alive_seconds / 3600) for n in range(8 * 24 * 60)]
    finding, record = appraised(export(tmp_path, *minutes, days=8.0, beat_seconds=beat_seconds))
    assert finding.outcome is outcome, finding
    assert dict(record.figures)["Interruptions"].startswith("0")


@pytest.mark.parametrize(
    ("periods", "days", "outcome", "words"),
    [
        ((("a", 0, 120), ("a", 121, 240)), 10.0, Outcome.DEFECT, "99,58 %"),
        # Years of good days before three of death: the last 31 days are judged.
        ((("a", 0, 24 * 3_997),), 4_000.0, Outcome.DEFECT, "90,32 % du temps au plus, sur 31 jours"),
        ((), 10.0, Outcome.DEFECT, "signe de vie 0 % du temps"),
        ((("a", 0, 120), ("a", 120.2405, 240)), 10.0, Outcome.UNDETERMINED, "il n'exclut pas"),
        ((("a", 0, 48),), 2.0, Outcome.UNDETERMINED, "couvre 2 jours au lieu de 7 jours"),
        ((("a", 1, 240),), 10.0, Outcome.DEFECT, "%"),
    ],
)
def test_what_production_does_not_establish(
    periods: tuple[tuple[str, float, float], ...], days: float, outcome: Outcome, words: str, tmp_path: Path
) -> None:
    finding, _ = appraised(export(tmp_path, *periods, days=days))
    assert finding.outcome is outcome, finding
    assert words in plain(finding.sentence + finding.missing)


def test_an_old_export_is_not_today(tmp_path: Path) -> None:
    old = NOW - timedelta(days=60)
    window: dict[str, Any] = {
        "from": (old - timedelta(days=10)).isoformat(),
        "to": old.isoformat(),
        "exported_at": old.isoformat(),
    }
    alive = [["a", window["from"], window["to"]]]
    finding, _ = appraised(export(tmp_path, days=10.0, **{"alive": alive} | window))
    assert finding.outcome is Outcome.UNDETERMINED
    assert "plus de 31 jours" in finding.missing


@pytest.mark.parametrize(
    "other",
    [
        {"beat_seconds": 0},
        {"beat_seconds": 61},
        {"application": ""},
        {"application": None},
        {"to": "never"},
        {"to": (NOW + timedelta(days=1)).isoformat()},
        {"from": NOW.isoformat()},
        {"exported_at": (NOW - timedelta(days=5)).isoformat()},
        {"alive": [["a", "b"]]},
        {"alive": [["", NOW.isoformat(), NOW.isoformat()]]},
        {"alive": [["a", NOW.isoformat(), (NOW - timedelta(days=1)).isoformat()]]},
        {"alive": [["a", "2001-01-01T00:00:00+00:00", "2001-01-02T00:00:00+00:00"]]},
        {"alive": None},
    ],
)
def test_a_garbled_export_is_a_clear_message(other: dict[str, Any], tmp_path: Path) -> None:
    finding, _ = appraised(export(tmp_path, ("a", 0, 240), **other))
    assert finding.outcome is Outcome.UNDETERMINED
    assert "`heartbeats.json` est inutilisable" in finding.missing
