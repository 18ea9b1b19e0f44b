"""Before a launch: texts with variables, who would be written to, a draft changed, a test message to oneself."""

import io
from datetime import timedelta

import pytest

from system.db import audience, campaign_list
from system.db.campaign_list import Campaign
from system.domain.phone import PhoneNumber
from system.services.campaigns import (
    MissingValueError,
    UnknownCategoryError,
    create_campaign,
    launch_campaign,
)
from system.services.consent import opt_out
from system.services.drafts import edit_draft, unschedule
from system.services.importing import Source, import_contacts
from system.services.scheduling import schedule_campaign, start_due
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
        bench.db, campaign_id, "Foire", "Bonjour {{PRENOM|vous}}", "Bien", category=None, hours=None, actor="anne"
    )
    found = shown(bench, campaign_id)
    assert (found.name, found.message, found.follow_up) == ("Foire", "Bonjour {{prénom|vous}}", "Bien")
    with pytest.raises(UnknownCategoryError):
        edit_draft(bench.db, campaign_id, "Autre", "x", "y", category="Lyon", hours=None, actor="anne")
    assert shown(bench, campaign_id).name == "Foire"
    launch_campaign(bench.db, campaign_id)
    with pytest.raises(CampaignStateError):
        edit_draft(bench.db, campaign_id, "Autre", "x", "y", category=None, hours=None, actor="anne")


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
