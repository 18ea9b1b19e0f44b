"""Before a launch: texts with variables, who would be written to, a draft changed, a test message to oneself."""

import io
from datetime import timedelta

import pytest

from system.db import audience, campaign_list
from system.db.campaign_list import Campaign
from system.domain.content import Content, Media, Template
from system.domain.phone import PhoneNumber
from system.gateway.outcomes import Uncertain
from system.services.campaigns import (
    MissingValueError,
    TooLongError,
    UnknownCategoryError,
    create_campaign,
    launch_campaign,
)
from system.services.consent import opt_out
from system.services.drafts import edit_draft, unschedule
from system.services.importing import Source, import_contacts
from system.services.scheduling import schedule_campaign, start_due
from system.services.sending import Done, TransientFailure
from system.services.transitions import CampaignStateError
from system.services.trials import try_campaign
from tests.unit.system.bench import Bench
from tests.unit.system.services.webhook_events import event, process

pytestmark = pytest.mark.real
FILE = """téléphone;prénom;nom;catégorie;date de consentement
0639980001;Anne;Durand;Salon;2026-01-01
0639980002;;{{nom}} \\1;Salon;2026-01-01
0639980003;Chloé;Petit;Salon;
0639980004;David;Petit;Salon;2026-01-01
0639980005;Émile;Petit;Salon;2026-01-01
"""


def people(bench: Bench) -> None:
    import_contacts(bench.db, io.BytesIO(FILE.encode()), Source("f.csv", "cli"))
    opt_out(bench.db, "+33639980004", source="test")
    bench.execute("UPDATE contacts SET whatsapp_status = 'invalid' WHERE phone = '+33639980005'")


def draft(bench: Bench, body: str = "Bonjour", follow_up: str = "Merci") -> int:
    return create_campaign(bench.db, "Salon", body, (), follow_up, categories=["salon"])


def bodies(bench: Bench, kind: str = "message_1") -> list[object]:
    rows = bench.execute(
        "SELECT body FROM messages WHERE kind = %s AND status <> 'opted_out' ORDER BY contact_id", kind
    )
    return [row["body"] for row in rows]


def shown(bench: Bench, campaign_id: int) -> Campaign:
    with bench.db.transaction() as connection:
        found = campaign_list.by_id(connection, campaign_id)
    assert found is not None
    return found


def test_each_text_is_filled_once_and_stored(bench: Bench) -> None:
    people(bench)
    campaign_id = draft(bench, "Bonjour {{ Prenom | cher client }} ({{nom}}/{{nom complet}})")
    launch_campaign(bench.db, campaign_id)
    expected = ["Bonjour Anne (Durand/Anne Durand)", "Bonjour cher client ({{nom}} \\1/{{nom}} \\1)"]
    assert bodies(bench) == expected
    # What a contact is called later changes nothing of what was to be sent.
    bench.execute("UPDATE contacts SET first_name = 'Autre', name = 'Autre'")
    for message_id in bench.ids(campaign_id):
        bench.sender().send(message_id)
    assert bodies(bench) == expected
    assert sorted(outgoing.body for outgoing in bench.gateway.posts) == sorted(expected)


def test_message_2_is_filled_too(bench: Bench) -> None:
    people(bench)
    campaign_id = draft(bench, follow_up="Merci {{prénom|}}!")
    launch_campaign(bench.db, campaign_id)
    for message_id in bench.ids(campaign_id):
        bench.sender().send(message_id)
    process(bench, event(1, "+33639980001"), event(2, "+33639980002"))
    assert bodies(bench, "message_2") == ["Merci Anne!", "Merci !"]


def test_a_value_that_is_missing_and_has_no_default_stops_the_launch(bench: Bench) -> None:
    people(bench)
    campaign_id = draft(bench, follow_up="Merci {{prénom}}")
    with pytest.raises(MissingValueError, match=r"1 contacts have no value for \{\{prénom\}\}"):
        launch_campaign(bench.db, campaign_id)
    assert bench.ids(campaign_id) == []
    schedule_campaign(bench.db, campaign_id, bench.clock.utc() + timedelta(minutes=1), clock=bench.clock.utc)
    bench.clock.now += timedelta(seconds=61)
    assert start_due(bench.db, bench.clock.utc) == []
    assert (shown(bench, campaign_id).status, "{{prénom}}" in (shown(bench, campaign_id).stop_reason or "")) == (
        "draft",
        True,
    )
    bench.execute("UPDATE contacts SET first_name = 'Béa' WHERE phone = '+33639980002'")
    assert launch_campaign(bench.db, campaign_id)


def test_who_would_be_written_to(bench: Bench) -> None:
    people(bench)
    campaign_id = draft(bench, "Bonjour {{prénom|vous}}")
    with bench.db.transaction() as connection:
        counted = audience.audience(connection, campaign_id)
        first = audience.sample(connection, campaign_id)
        assert first is not None
        second = audience.sample(connection, campaign_id, after=first.contact_id)
        assert second is not None
        assert audience.sample(connection, campaign_id, after=second.contact_id) is None
    assert counted == audience.Audience(recipients=2, opted_out=1, invalid=1, without_consent=1)
    assert counted.everybody == 5
    assert (first.message, second.message) == ("Bonjour Anne", "Bonjour vous")
    launch_campaign(bench.db, campaign_id)
    # Who opted out is in the campaign, ended.
    assert len(bench.ids(campaign_id)) == counted.recipients + counted.opted_out


def test_a_draft_is_changed_and_nothing_else_is(bench: Bench) -> None:
    people(bench)
    campaign_id = draft(bench)
    edit_draft(
        bench.db, campaign_id, {"name": "Foire", "body": "Bonjour {{PRENOM|vous}}", "follow_up": "Bien"}, actor="anne"
    )
    found = shown(bench, campaign_id)
    assert (found.name, found.message, found.follow_up) == ("Foire", "Bonjour {{prénom|vous}}", "Bien")
    with pytest.raises(UnknownCategoryError):
        edit_draft(bench.db, campaign_id, {"name": "Autre", "categories": ["Lyon"]}, actor="anne")
    assert shown(bench, campaign_id).name == "Foire"
    launch_campaign(bench.db, campaign_id)
    with pytest.raises(CampaignStateError):
        edit_draft(bench.db, campaign_id, {"name": "Autre"}, actor="anne")


def test_a_schedule_is_taken_back(bench: Bench) -> None:
    campaign_id = bench.campaign(launched=False)
    with pytest.raises(CampaignStateError):
        unschedule(bench.db, campaign_id, actor="anne")
    schedule_campaign(bench.db, campaign_id, bench.clock.utc() + timedelta(days=1), clock=bench.clock.utc)
    unschedule(bench.db, campaign_id, actor="anne")
    assert shown(bench, campaign_id).status == "draft"


def test_a_test_message_is_what_the_first_contact_would_read_and_is_not_listed(bench: Bench) -> None:
    people(bench)
    campaign_id = draft(bench, "Bonjour {{prénom}}")
    assert try_campaign(bench.db, campaign_id, PhoneNumber.parse("+33639980099"), actor="anne")
    (trial,) = bench.execute("SELECT id FROM campaigns WHERE test_of = %s", campaign_id)
    (message_id,) = bench.ids(int(str(trial["id"])))
    bench.sender().send(message_id)
    assert [(sent.phone, sent.body) for sent in bench.gateway.posts] == [("+33639980099", "Bonjour Anne")]
    with bench.db.transaction() as connection:
        assert [each.id for each in campaign_list.page(connection, before=None, limit=9)] == [campaign_id]


def test_a_test_message_does_not_reach_who_opted_out(bench: Bench) -> None:
    people(bench)
    campaign_id = draft(bench)
    try_campaign(bench.db, campaign_id, PhoneNumber.parse("+33639980004"), actor="anne")
    assert [row["status"] for row in bench.execute("SELECT status FROM messages")] == ["opted_out"]


TEMPLATE = Template.parse("rentree", "fr", ["{{prénom|cher client}}", "samedi"])
AS_SENT = {"template": {"name": "rentree", "language": "fr", "body": ["Anne", "samedi"]}}


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (Media.parse("https://example.org/a.png"), {"media": {"url": "https://example.org/a.png"}}),
        (TEMPLATE, AS_SENT),
        (None, None),
    ],
)
def test_a_message_keeps_what_it_carries_over_every_attempt(
    bench: Bench, content: Content | None, sent: dict[str, object] | None
) -> None:
    people(bench)
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour", (), "Merci", categories=["salon"], content=content)
    launch_campaign(bench.db, campaign_id)
    # Neither the campaign nor the person changes what is to be sent.
    bench.execute("UPDATE campaigns SET content = NULL")
    bench.execute("UPDATE contacts SET first_name = 'Autre'")
    first = bench.ids(campaign_id)[0]
    bench.gateway.answers.append(Uncertain("HTTP 500"))
    failure = bench.sender().send(first)
    assert isinstance(failure, TransientFailure)
    bench.sender().postpone(failure, 60)
    bench.age(61)
    assert bench.sender().send(first) == Done("sent")
    # The second attempt comes after the gateway was asked, and is the same.
    assert (bench.gateway.lookups, [each.content for each in bench.gateway.posts]) == (1, [sent, sent])
    assert {each.reference for each in bench.gateway.posts} == set(bench.gateway.accepted)
    # Message 2 is a text.
    process(bench, event(1, "+33639980001"))
    (row,) = bench.execute("SELECT id FROM messages WHERE kind = 'message_2'")
    bench.sender().send(int(str(row["id"])))
    assert (bench.gateway.posts[-1].body, bench.gateway.posts[-1].content) == ("Merci", None)


def test_a_value_of_a_template_has_no_line_break_and_needs_a_name_as_a_text_does(bench: Bench) -> None:
    people(bench)
    bench.execute("UPDATE contacts SET first_name = E'Anne\\n \\tMarie' WHERE phone = '+33639980001'")
    needy = Template.parse("rentree", "fr", ["{{prénom}}"])
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour", (), categories=["salon"], content=needy)
    with pytest.raises(MissingValueError):
        launch_campaign(bench.db, campaign_id)
    bench.execute("UPDATE contacts SET first_name = 'Béa' WHERE phone = '+33639980002'")
    launch_campaign(bench.db, campaign_id)
    kept = bench.execute(
        "SELECT content #>> '{template,body,0}' AS value FROM messages WHERE status = 'pending' ORDER BY id"
    )
    assert [row["value"] for row in kept] == ["Anne Marie", "Béa"]


def test_a_test_message_carries_it_too(bench: Bench) -> None:
    people(bench)
    campaign_id = create_campaign(bench.db, "Salon", "Bonjour", (), categories=["salon"], content=TEMPLATE)
    try_campaign(bench.db, campaign_id, PhoneNumber.parse("+33639980099"), actor="anne")
    (trial,) = bench.execute("SELECT id FROM messages")
    bench.sender().send(int(str(trial["id"])))
    assert [(sent.phone, sent.content) for sent in bench.gateway.posts] == [("+33639980099", AS_SENT)]


def test_a_text_that_a_name_makes_too_long_is_refused_with_those_it_is_too_long_for(bench: Bench) -> None:
    people(bench)
    longest = "x" * (4096 - len("{{nom complet}}"))
    bench.execute("UPDATE contacts SET name = 'Anne Duranddddd' WHERE phone = '+33639980001'")
    bench.execute("UPDATE contacts SET name = 'Béatrice de Deux' WHERE phone = '+33639980002'")
    # 4096 for the first; the other's name has a letter more.
    with pytest.raises(TooLongError, match="1 contacts would read more than 4096 characters") as refused:
        draft(bench, longest + "{{nom complet}}")
    assert (refused.value.names, refused.value.found.message) == ("Béatrice de Deux", True)
    assert bench.execute("SELECT count(*) FROM campaigns") == [{"count": 0}]
    with pytest.raises(TooLongError) as refused:
        draft(bench, follow_up=longest + "{{nom complet}}")
    assert (refused.value.found.people, refused.value.found.follow_up) == (1, True)
    bench.execute("UPDATE contacts SET name = 'Béa' WHERE phone = '+33639980002'")
    campaign_id = draft(bench, longest + "{{nom complet}}")
    bench.execute("UPDATE contacts SET name = 'Béatrice de Deux' WHERE phone = '+33639980002'")
    with pytest.raises(TooLongError):
        edit_draft(bench.db, campaign_id, {"name": "Autre"}, actor="anne")
    with pytest.raises(TooLongError):
        launch_campaign(bench.db, campaign_id)
    at = bench.clock.utc() + timedelta(minutes=1)
    schedule_campaign(bench.db, campaign_id, at, clock=bench.clock.utc)
    assert start_due(bench.db, lambda: at) == []
    # What is kept of it names nobody.
    found = shown(bench, campaign_id)
    assert (found.status, found.stop_reason) == ("draft", "1 contacts would read more than 4096 characters")
    bench.execute("UPDATE contacts SET opted_in_at = NULL, opt_in_source = NULL WHERE phone = '+33639980002'")
    assert launch_campaign(bench.db, campaign_id)
    assert [len(str(body)) for body in bodies(bench)] == [4096]


def test_a_text_under_a_file_is_shorter(bench: Bench) -> None:
    people(bench)
    media = Media.parse("https://example.org/a.png")
    with pytest.raises(ValueError, match="at most 1024 characters"):
        create_campaign(bench.db, "Salon", "x" * 1025, (), categories=["salon"], content=media)
    with pytest.raises(TooLongError, match="more than 1024"):
        create_campaign(bench.db, "Salon", "x" * 1016 + "{{nom}}", (), categories=["salon"], content=media)
    campaign_id = create_campaign(bench.db, "Salon", "x" * 1024, (), categories=["salon"], content=media)
    edit_draft(bench.db, campaign_id, {"content": None, "body": "x" * 4096}, actor="anne")
    with pytest.raises(ValueError, match="at most 1024"):
        edit_draft(bench.db, campaign_id, {"content": media}, actor="anne")
    assert (shown(bench, campaign_id).content, len(shown(bench, campaign_id).message)) == (None, 4096)
