"""Each scenario of families 4 to 7 and 9 on a stack that works, and on stacks that do not: the right criterion, the right words."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from audit.experiments import (
    campaign_age,
    campaign_closing,
    daily_limit,
    duplicate_replies,
    every_experiment,
    gateway_outage,
    interaction_types,
    lock_ownership,
    message_1_sending,
    one_person,
    opting_out,
    reply_delay,
    reply_window,
    statistics_content,
    statistics_freezing,
    statistics_speed,
    worker_alert,
    worker_answers,
)
from audit.experiments.abilities import LockSeen
from audit.experiments.experiment import Experiment, Record
from audit.model.findings import Finding, Level, Outcome
from tests.unit.audit.experiments.fake_stack import FakeStack
from tests.unit.audit.experiments.family_stack import MANY, WINDOW, FamilyStack

QUICK: dict[str, Callable[[FamilyStack, Record], Sequence[Finding]]] = {
    "message-1-sending": lambda d, r: message_1_sending.run(
        d, r, message_1_sending.Plan(6, 2, 2, 4, 0.3, 0.02, 0.2, 0.02)
    ),
    "reply-window": lambda d, r: reply_window.run(d, r, reply_window.Plan(0.2, 0.15, 0.02, 0.2, 0.15)),
    "daily-limit": lambda d, r: daily_limit.run(d, r, daily_limit.Plan(3, 7, 2, 0.2, 0.02)),
    "interaction-types": lambda d, r: interaction_types.run(d, r, 0.2, 0.02, 0.02),
    "reply-delay": lambda d, r: reply_delay.run(d, r, reply_delay.Plan(3, 20, 10, 0.01, 0.2, 0.2)),
    "duplicate-replies": lambda d, r: duplicate_replies.run(d, r, duplicate_replies.Plan(4, 3, 0.2, 0.02, 0.2)),
    "gateway-outage": lambda d, r: gateway_outage.run(d, r, gateway_outage.Plan(6, 4, 3, 0.02, 0.05, 0.2, 0.05)),
    "one-person": lambda d, r: one_person.run(d, r, one_person.Plan(0.2, 0.02)),
    "opting-out": lambda d, r: opting_out.run(d, r, opting_out.Plan(0.2, 0.02)),
    "worker-alert": lambda d, r: worker_alert.run(d, r, 2.0),
    "lock-ownership": lambda d, r: lock_ownership.run(d, r, 0.2, 0.05),
    "campaign-closing": lambda d, r: campaign_closing.run(d, r, campaign_closing.Plan(0.2, 0.2, MANY, 0.2)),
    "campaign-age": lambda d, r: campaign_age.run(d, r, 0.2, 0.2),
    "statistics-speed": lambda d, r: statistics_speed.run(d, r, statistics_speed.Plan(1000, 20, 2, 0.01)),
    "statistics-content": lambda d, r: statistics_content.run(d, r, statistics_content.Plan(0.2, 0.2)),
    "statistics-freezing": lambda d, r: statistics_freezing.run(d, r, 0.2, 0.02),
    "worker-answers": worker_answers.run,
}
BY_ID = {e.id: e for e in every_experiment()}


def played(identifier: str, **switches: Any) -> dict[str, Finding]:
    """The findings of one experiment by criterion, as the harness binds them."""
    experiment = replace(BY_ID[identifier], run=QUICK[identifier])
    stack = FamilyStack(**switches)
    try:
        findings, _ = experiment.perform(stack)
    finally:
        stack.stop()
    return {requirement: finding for finding in findings for requirement in finding.requirements}


def plain(finding: Finding) -> str:
    return f"{finding.sentence} {finding.missing}".replace("\u00a0", " ")


def test_every_experiment_with_an_ability_is_tried_here() -> None:
    assert set(QUICK) == {e.id for e in every_experiment() if e.ability is not None}


@pytest.mark.parametrize("identifier", sorted(QUICK.keys() - {"campaign-age"}))
def test_a_sound_stack_establishes_every_criterion(identifier: str) -> None:
    found = played(identifier)
    assert set(found) == set(BY_ID[identifier].requirements)
    for finding in found.values():
        assert (finding.outcome, finding.level) == (Outcome.ESTABLISHED, Level.EXECUTION), finding


def test_a_campaign_that_is_resumed_is_open_longer_than_the_requirement_allows() -> None:
    experiment = replace(BY_ID["campaign-age"], run=QUICK["campaign-age"])
    stack = FamilyStack()
    (closed, finding), _ = experiment.perform(stack)
    stack.stop()
    assert (closed.outcome, finding.outcome) == (Outcome.ESTABLISHED, Outcome.RESERVATION)
    assert "restée ouverte à 47 h 59 min, la tâche horaire une fois exécutée" in plain(closed)
    assert "72 h après son dernier envoi" in plain(finding)
    assert "non tenu à la lettre" in plain(finding)


@pytest.mark.parametrize(
    ("switches", "told"),
    [
        ({}, "les 3 messages retenus partent quand il est accepté de nouveau"),
        ({"pauses_account": True}, "les 3 messages retenus partent quand la campagne, mise en pause, est reprise"),
    ],
)
def test_what_becomes_of_a_refused_account_is_told(switches: dict[str, Any], told: str) -> None:
    assert told in plain(played("gateway-outage", **switches)["4.7"])


@pytest.mark.parametrize(
    ("switches", "told"),
    [({}, "est en pause, son contact n'a pas d'état final"), ({"closes_exhausted": True}, "essais, aussi")],
)
def test_what_becomes_of_a_message_without_an_attempt_left_is_told(switches: dict[str, Any], told: str) -> None:
    assert told in plain(played("campaign-closing", **switches)["7.1"])


def reserved(identifier: str, **switches: Any) -> list[Finding]:
    """What one experiment says is short of the letter of a requirement."""
    stack = FamilyStack(**switches)
    findings, _ = replace(BY_ID[identifier], run=QUICK[identifier]).perform(stack)
    stack.stop()
    return [finding for finding in findings if finding.outcome is Outcome.RESERVATION]


def test_a_window_whose_last_second_gives_nothing_is_no_whole_window() -> None:
    """« écart à 5.2 » once stood under a ✅ of 5.2, beside « Rien à corriger »."""
    (finding,) = reserved("reply-window", window=WINDOW - 10)
    assert finding.requirements == ("5.2",)
    assert "Énoncé non tenu à la lettre : à 23 h 59 min 59 s, une interaction ne donne aucun Message 2" in plain(
        finding
    )
    assert finding.problem is not None
    assert reserved("reply-window") == []


def test_a_contact_who_writes_while_its_message_1_is_in_flight_is_counted_once_all_had_time_to_leave() -> None:
    """The count was taken as soon as the Message 1 was recorded, before any Message 2 could leave: « ne reçoit rien »."""
    (finding,) = reserved("reply-window", replies_in_flight=True)
    assert finding.requirements == ("4.3",)
    assert "qui écrit pendant que son Message 1 part, avant que la passerelle l'accepte, reçoit un Message 2" in plain(
        finding
    )
    sound = played("reply-window")
    assert "pendant que son Message 1 attend ou part n'a pas de Message 2, même 0,15 s après l'envoi" in plain(
        sound["4.3"]
    )
    assert "jugé sous 4.3" not in plain(sound["5.1"])
    assert "ce qui est reçu juste avant `sent_at` est jugé sous 4.3" in plain(
        played("reply-window", replies_in_flight=True)["5.1"]
    )


@pytest.mark.parametrize(
    ("switch", "told"),
    [
        ("stops_many_failures", "une campagne de 6 contacts, tous refusés pour de bon"),
        ("ends_exhausted", "une campagne dont le seul message a épuisé ses essais"),
        ("keeps_paused_open", "une campagne de 2 contacts mise en pause à la main"),
    ],
)
def test_a_paused_campaign_whose_contacts_have_all_ended_is_not_closed(switch: str, told: str) -> None:
    """Two refused contacts were tried, and every campaign was said to close; then one without an attempt left was no failure."""
    (finding,) = reserved("campaign-closing", **{switch: True})
    assert finding.requirements == ("7.1",)
    assert f"alors que tous leurs contacts sont dans un état final : 1) {told}" in plain(finding)
    assert finding.problem is not None
    assert finding.problem.situation_text == "", "the whole course of the run is no situation"


def test_what_ends_a_campaign_is_told() -> None:
    assert reserved("campaign-closing") == []
    others = plain(played("campaign-closing", cancels_waiting=True)["7.2"])
    assert (
        "un état que l'énoncé ne donne pas est celui de contacts dont l'envoi attendait à la clôture (`cancelled`)"
        in others
    )
    assert "que l'énoncé ne donne pas" not in plain(played("campaign-closing")["7.2"])
    closed = plain(played("campaign-closing")["7.1"])
    assert (
        "une campagne de 2 contacts et une de 6, dont tous les envois sont refusés pour de bon, se closent aussi"
        in closed
    )


def test_what_was_in_flight_is_what_the_gateway_held() -> None:
    """« En vol » was how many processes were killed."""
    stack = FamilyStack(in_flight=3)
    _, record = replace(BY_ID["message-1-sending"], run=QUICK["message-1-sending"]).perform(stack)
    stack.stop()
    assert [blow.in_flight for blow in record.blows] == [3], "one process dies, three requests are held"


def test_what_each_fault_struck_is_counted_and_not_supposed() -> None:
    _, record = replace(BY_ID["gateway-outage"], run=QUICK["gateway-outage"]).perform(FamilyStack())
    assert [blow.in_flight for blow in record.blows] == [None, 4]
    assert record.losses == (0, 0, 0)
    assert ("Messages qui devaient partir, dans toute l'expérience", "17") in record.figures
    _, lost = replace(BY_ID["gateway-outage"], run=QUICK["gateway-outage"]).perform(FamilyStack(forgets_account=True))
    assert lost.losses == (3, 0, 0), "those of the refused account too"


@pytest.mark.parametrize("criterion", ["4.3", "5.3"])
def test_the_last_second_of_the_window_is_said_alike(criterion: str) -> None:
    late = plain(played("reply-window", window=WINDOW - 10)[criterion])
    assert "À 23 h 59 min 59 s, aucun Message 2 ne part : la pile met 0,10 s au moins" in late
    assert "écart" not in late, "another criterion's judgement"
    assert "À 23 h 59 min 59 s, il part encore" in plain(played("reply-window")[criterion])


def test_of_what_is_read_before_anything_left_only_what_was_compared_is_told() -> None:
    """« comme pendant les envois » : it was another campaign, and four counts of seven."""
    told = plain(played("statistics-content")["9.2"])
    assert (
        "contacts, envoyés, échecs et en attente le sont aussi pour une autre campagne, de trois contacts, dont rien"
        in told
    )
    assert "pendant les envois" not in told


@pytest.mark.parametrize(
    ("identifier", "criterion", "words"),
    [
        ("opting-out", "5.7", "leurs demandes une fois enregistrées"),
        ("duplicate-replies", "6.4", "ce qui n'empêcherait pas de remettre deux fois le même"),
        ("statistics-speed", "9.1", "écrits d'un coup en base"),
        ("statistics-speed", "9.4", "ce qu'une réponse lit de plus pendant des envois n'est pas mesuré"),
    ],
)
def test_what_a_run_does_not_show_is_said_with_what_it_shows(identifier: str, criterion: str, words: str) -> None:
    assert words in plain(played(identifier)[criterion])


DEFECTS = [
    ("worker-answers", "8.4", {"runs_otherwise": True}, "`task_acks_late` : `False` au lieu de `True`"),
    ("message-1-sending", "4.1", {"loses": frozenset({2})}, "ne reçoivent pas de Message 1 : 1 (k002)"),
    ("message-1-sending", "4.1", {"doubles": frozenset({3})}, "plusieurs Message 1 : 1 (k003)"),
    ("message-1-sending", "4.1", {"stray": True}, "que la campagne ne demandait pas : 1 (stray)"),
    ("message-1-sending", "4.2", {"unstamped": True}, "Envois sans `sent_at` : 15"),
    ("message-1-sending", "4.2", {"stamp_shift": 3600.0}, "s'écarte de 3"),
    ("message-1-sending", "4.5", {"silent_log": True}, "sans trace structurée dans le journal : 16"),
    ("message-1-sending", "4.5", {"silent_replies": True}, "sans trace structurée dans le journal : 1 (k006/2)"),
    ("daily-limit", "4.4", {"overflows": True}, "7 messages partent là où il en restait 3"),
    (
        "daily-limit",
        "4.4",
        {"overflows_common": True},
        "3 messages partent là où il en restait 1 pour la journée (le plafond commun",
    ),
    (
        "daily-limit",
        "4.4",
        {"overflows_replies": True},
        "2 messages partent là où il en restait 1 pour la journée (la part des",
    ),
    ("daily-limit", "4.4", {"shipped_share_of": 1000}, "Aucune part du jour n'est réservée aux Message 2"),
    ("message-1-sending", "4.1", {"loses_again": True}, "ne reçoivent pas de Message 1 : 2"),
    ("gateway-outage", "4.7", {"loses_in_outage": True}, "perdus par une panne de la passerelle : 6"),
    ("gateway-outage", "4.7", {"forgets_after_outage": True}, "ne partent pas après la panne de la passerelle : 6"),
    ("gateway-outage", "4.7", {"retries_final": True}, "définitifs qui sont réessayés : 3 (400, 404, 422)"),
    ("gateway-outage", "4.6", {"drops_passing": True}, "après lesquelles un message ne part plus : 3 (429, 500, 503)"),
    ("gateway-outage", "4.1", {"sends_unheard_again": True}, "envoyés deux fois, la première réponse étant perdue : 1"),
    ("gateway-outage", "4.1", {"denies_unheard": True}, "acceptés et mis en échec, la réponse étant perdue : 1"),
    ("gateway-outage", "4.6", {"drops_busy_replies": True}, "Message 2 qui ne part plus après une réponse 429 : 1"),
    ("gateway-outage", "4.7", {"fails_with_account": True}, "pendant que la passerelle refuse le compte (401) : 3"),
    ("one-person", "4.8", {"knows_one_form": True}, "reçoivent plusieurs Message 1 d'une campagne : 1 (Brésil)"),
    ("one-person", "4.8", {"deaf_person": True}, "ne reçoivent pas de Message 1 : 1 (Brésil)"),
    ("opting-out", "5.7", {"writes_to_opted_out": True}, "vers des contacts qui s'étaient désinscrits : 4"),
    ("reply-window", "5.2", {"loses_unrecorded": True}, "avant que l'envoi de son Message 1 soit enregistré"),
    (
        "interaction-types",
        "5.4",
        {"deaf_to_the_wordless": True},
        "n'entraînent pas de Message 2 : 3 (audio, vidéo, vocal)",
    ),
    ("reply-window", "5.2", {"deaf_while_paused": True}, "pendant que sa campagne est en pause ne reçoit pas de"),
    ("interaction-types", "5.6", {"alters_words": True}, "mal enregistrées : 1 (texte : contenu)"),
    ("duplicate-replies", "6.2", {"records_later_twice": True}, "Interactions enregistrées deux fois"),
    ("lock-ownership", "6.3", {"lends_lock": True}, "Un second envoyeur prend ou rend le verrou"),
    ("campaign-closing", "7.1", {"keeps_unsent_open": True}, "tous les envois sont refusés pour de bon, reste"),
    (
        "campaign-closing",
        "7.1",
        {"keeps_many_open": True},
        "Une campagne de 6 contacts, dont tous les envois sont refusés pour de bon, reste « sending »",
    ),
    ("campaign-closing", "7.1", {"forgets_exhausted": True}, "n'est pas close, et aucune reprise ne l'envoie"),
    ("campaign-closing", "7.2", {"confuses_unreachable": True}, "refus du Message 2, Message 2 envoyé trouvé"),
    (
        "campaign-closing",
        "7.3",
        {"counts_cancelled": True},
        "close avec des envois en attente : 1 (échecs : 2 au lieu de 0)",
    ),
    (
        "campaign-closing",
        "7.4",
        {"ignores_paused": True},
        "d'une campagne en pause, dont les dates ont été reculées de 25 h : 2",
    ),
    ("campaign-age", "7.5", {"closes_before": 3600.0}, "closes à 47 h 59 min alors que des envois y attendent : 2"),
    (
        "campaign-age",
        "7.5",
        {"ignores_resumption": True},
        "à 47 h 59 min alors que des envois y attendent : 1 (reprise puis",
    ),
    ("statistics-content", "9.2", {"hides_pending": True}, "en attente : 0 au lieu de 3 quand rien n'est encore parti"),
    ("statistics-content", "9.2", {"falls_back": True}, "lus : 0 au lieu de 1"),
    ("daily-limit", "4.4", {"fails_beyond": True}, "mis en échec par la limite quotidienne : 6"),
    ("daily-limit", "4.4", {"forgets_next_day": True}, "oubliés le jour suivant : 7"),
    ("daily-limit", "4.4", {"shipped_limit": 5000}, "au lieu de 1 000 au plus"),
    ("reply-window", "4.3", {"replies_early": True}, "alors que son Message 1 n'était pas envoyé"),
    ("reply-window", "4.3", {"window": 3600.0}, "n'ouvre pas une fenêtre de 24 h : 1 (envoyé il y a 23 h 59 min 30 s)"),
    ("reply-window", "5.1", {"window": 3600.0}, "ne suit pas `sent_at`"),
    ("reply-window", "5.2", {"never_replies": True}, "laissées sans Message 2 : 2"),
    ("reply-window", "5.3", {"window": 86_401.0}, "hors de la fenêtre de 24 h : 1 (envoyé il y a 24 h 00 min 00 s)"),
    ("reply-window", "5.3", {"replies_late": True}, "hors de la fenêtre de 24 h : 2"),
    ("reply-window", "5.3", {"reply_seconds": 5.0}, "après la fin de leur fenêtre : 1"),
    ("reply-window", "5.3", {"sends_overtaken": True}, "sa fenêtre s'est fermée avant son envoi"),
    ("interaction-types", "5.4", {"deaf": frozenset({"voice"})}, "n'entraînent pas de Message 2 : 1 (vocal)"),
    ("interaction-types", "5.6", {"mislabels": True}, "mal enregistrées : 7"),
    ("interaction-types", "5.6", {"loses_words": frozenset({"s1"})}, "mal enregistrées : 1 (texte : absente)"),
    ("reply-delay", "5.5", {"reply_seconds": 7.5}, "Message 2 remis en 7,50 s, au lieu de moins de 5 s"),
    ("reply-delay", "5.5", {"never_replies": True}, "Message 2 non remis"),
    ("duplicate-replies", "6.1", {"one_reply_for_all": True}, "empêche celui d'une autre"),
    ("duplicate-replies", "6.1", {"replies_twice": True}, "deux Message 2 pour la même"),
    ("duplicate-replies", "6.2", {"loses_words": frozenset({"s2"})}, "Interactions suivantes perdues : 1 (s2)"),
    ("duplicate-replies", "6.2", {"loses_words": frozenset({"s11"})}, "Interactions suivantes perdues : 1 (s11)"),
    ("duplicate-replies", "6.2", {"replies_twice": True}, "entraînent un nouvel envoi"),
    ("duplicate-replies", "6.4", {"replies_twice": True}, "Plusieurs Message 2 pour le même contact : 2"),
    ("duplicate-replies", "6.4", {"constraint": ""}, "La base accepte un second Message 2"),
    ("lock-ownership", "6.3", {"lock": None}, "Aucun verrou"),
    ("lock-ownership", "6.3", {"lock": LockSeen("", 200.0)}, "ne porte pas de jeton"),
    ("lock-ownership", "6.3", {"lock": LockSeen("me", 900.0)}, "au lieu de 4 à 5 min"),
    ("lock-ownership", "6.3", {"lock": LockSeen("me", 1.0)}, "il reste 1 s à vivre au verrou"),
    ("lock-ownership", "6.3", {"lock": LockSeen("me", -1.0)}, "au lieu de 4 à 5 min"),
    ("lock-ownership", "6.3", {"releases_foreign": True}, "rendu par celui qui l'a perdu"),
    ("campaign-closing", "7.1", {"closes": False}, "La campagne reste « sending »"),
    ("campaign-closing", "7.1", {"closes_early": True}, "close alors qu'un contact n'est pas dans un état final"),
    ("campaign-closing", "7.1", {"longest": 0.0, "expires": False}, "close alors qu'un contact n'est pas dans un état"),
    ("campaign-closing", "7.2", {"confuses": True}, "Message 2 envoyé attendu, aucune interaction trouvé"),
    ("campaign-closing", "7.3", {"keeps": False}, "ne garde pas de statistiques"),
    ("campaign-closing", "7.3", {"miscounts": True}, "fausses : 1 (échecs : 0 au lieu de 2)"),
    ("campaign-closing", "7.3", {"stale": True}, "fausses : 1 (envoyés : 0 au lieu de 6)"),
    ("campaign-closing", "7.3", {"omits": "interactions"}, "fausses : 1 (interactions : absent au lieu de 4)"),
    ("campaign-closing", "7.4", {"expires": False}, "laisse ouvert un contact silencieux"),
    ("campaign-closing", "7.6", {"silent_closing": True}, "Aucune trace structurée de la clôture"),
    ("campaign-closing", "7.6", {"misreports": True}, "ne sont pas celles conservées : 1 (aucune)"),
    (
        "campaign-age",
        "7.5",
        {"longest": inf, "expires": False},
        "encore ouvertes plus de 48 h après leur dernier envoi : 3",
    ),
    (
        "campaign-age",
        "7.5",
        {"longest": inf},
        "plus de 48 h après leur dernier envoi : 2 (en pause : ouverte (`paused`",
    ),
    ("campaign-age", "7.5", {"longest": 3600.0}, "est close 23 h après son dernier envoi"),
    ("statistics-speed", "9.1", {"answer_seconds": 0.2}, "Statistiques trop lentes"),
    ("statistics-speed", "9.4", {"rows_an_answer": 1000}, "Chaque réponse lit 1 000 lignes"),
    ("statistics-content", "9.2", {"omits": "read"}, "Statistiques absentes : 1 (lus)"),
    ("statistics-content", "9.2", {"omits": "rates"}, "Statistiques absentes : 1 (taux)"),
    ("statistics-content", "9.2", {"ignores_acknowledgements": True}, "lus : 0 au lieu de 1"),
    ("statistics-content", "9.3", {"stale": True}, "ne sont pas comptés"),
    ("statistics-freezing", "9.5", {"thaws": True}, "changent après la clôture : 3 (délivrés, interactions, lus)"),
]


@pytest.mark.parametrize(("identifier", "criterion", "switches", "words"), DEFECTS, ids=lambda v: str(v)[:40])
def test_a_defect_is_seen(identifier: str, criterion: str, switches: dict[str, Any], words: str) -> None:
    finding = played(identifier, **switches)[criterion]
    assert finding.outcome is Outcome.DEFECT, finding
    assert words in plain(finding)


def test_a_silent_log_of_duplicates_is_seen() -> None:
    finding = played("duplicate-replies", silent_duplicates=True)["6.5"]
    assert finding.outcome is Outcome.DEFECT
    assert "absentes du journal : 4" in plain(finding)


UNKNOWN = [
    ("reply-window", "4.3", {"in_flight": 0}, "aucun Message 1 n'attendait, ou ne partait"),
    ("reply-window", "4.3", {"unknown": frozenset({2})}, "ou il n'est pas parti ensuite"),
    ("message-1-sending", "4.1", {"unknown": frozenset({1})}, "pas dans un état final"),
    ("daily-limit", "4.4", {"starves": True}, "2 messages seulement sont partis"),
    ("gateway-outage", "4.7", {"sleeps_through": True}, "n'ont pas été repris assez souvent"),
    ("gateway-outage", "4.7", {"forgets_account": True}, "le refus du compte ne sont pas partis ensuite"),
    ("reply-delay", "5.5", {"crowd_left": 2}, "la file n'était pas encombrée"),
    ("interaction-types", "5.4", {"loses": frozenset({1})}, "les Message 1 préalables"),
    ("lock-ownership", "6.3", {"in_flight": 0}, "aucun Message 2 n'était en cours d'envoi"),
    ("campaign-closing", "7.3", {"closes": False}, "la campagne ne s'est pas close"),
    ("campaign-closing", "7.6", {"keeps": False}, "ne garde pas de statistiques auxquelles comparer"),
    ("duplicate-replies", "6.2", {"never_replies": True}, "aucune interaction ne l'a suivi"),
    ("statistics-freezing", "9.5", {"ignores_acknowledgements": True}, "n'a pas été traité"),
    ("worker-answers", "8.4", {"mute": True}, "aucun worker ne répond à `inspect`"),
]


@pytest.mark.parametrize(("identifier", "criterion", "switches", "words"), UNKNOWN, ids=lambda v: str(v)[:40])
def test_what_was_not_tried_is_not_established(
    identifier: str, criterion: str, switches: dict[str, Any], words: str
) -> None:
    finding = played(identifier, **switches)[criterion]
    assert finding.outcome is Outcome.UNDETERMINED, finding
    assert words in plain(finding)


@pytest.mark.parametrize("experiment", [e for e in every_experiment() if e.ability], ids=lambda e: e.id)
def test_a_driver_without_the_ability_leaves_every_criterion_open(experiment: Experiment) -> None:
    (finding,), _ = experiment.perform(FakeStack())
    assert (finding.outcome, finding.requirements) == (Outcome.UNDETERMINED, experiment.requirements)
    assert experiment.ability is not None
    assert f"`audit.experiments.abilities.{experiment.ability.__name__}`" in finding.missing
