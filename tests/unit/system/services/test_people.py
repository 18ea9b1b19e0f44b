"""One person is erased: nothing names the person any more, the statistics stay, and nothing ever leaves for the number."""

import io
import itertools
import logging
import re
from datetime import UTC, datetime, timedelta

import pytest

from system.db import contact_list, results
from system.db.database import Database
from system.domain.content import Template
from system.domain.erasure import ErasureKey
from system.domain.phone import PhoneNumber
from system.gateway.webhooks import Event
from system.services import campaigns, statistics, trials
from system.services.consent import ConsentError, consent_again, opt_out
from system.services.importing import Source, import_contacts
from system.services.people import NoErasureKeyError, StillSendingError, erase_person, export_person
from system.services.results_file import results_file
from tests.criteria.inbound import acknowledged, deliver, from_person, phone
from tests.unit.system.bench import Bench

pytestmark = pytest.mark.real
KEY = ErasureKey("a secret of thirty-two bytes or more")
PERSON, NAME = phone(0), "Zoé Abécassis"
LID = "123456789012345"
SPELLED = (
    *(
        "06–39–98–00–00",
        "0 6 3 9 9 8 0 0 0 0",
        "tel:+33-639-980000",
        "wa.me/33639980000",
        "%2B33639980000",
        "06\u202f39\u2009980000",
    ),
    "+33(0)639980000",
    *(
        "06 39 98 00 00",
        "+33 (0)6.39.98.00.00",
        "0033639980000",
        "33639980000@c.us",
        "639980000",
        "+33-6-39-98-00-00",
    ),
)
FILE = (
    f"nom;téléphone\n{NAME};0639980000\n{NAME};06 39 98 00 00\nAbécassis, Zoé;12\nUgo Petit;0639980001\nUgo Petit;13\n"
)


@pytest.fixture
def keyed(bench: Bench) -> Bench:
    bench.db.erasure_key = KEY
    return bench


def every_text(bench: Bench) -> dict[str, str]:
    """Everything stored, by `table.column`; of no list of columns, so that a new one is searched too."""
    columns = bench.execute(
        """SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables
           USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"""
    )
    found = {}
    for table, column in ((row["table_name"], row["column_name"]) for row in columns):
        rows = bench.execute(f'SELECT "{column}"::text AS text FROM "{table}" WHERE "{column}" IS NOT NULL')
        found[f"{table}.{column}"] = "\n".join(str(row["text"]) for row in rows)
    return found


def naming(bench: Bench) -> set[str]:
    """The columns in which the person can still be read, however it is spelled."""
    national, words = (
        re.compile(r"6\D{0,4}3\D{0,4}9\D{0,4}9\D{0,4}8\D{0,4}0\D{0,4}0\D{0,4}0\D{0,4}0(?!\d)"),
        NAME.split(),
    )
    return {
        column
        for column, text in every_text(bench).items()
        if national.search(text) or LID in text or any(word in text for word in words)
    }


def lived(bench: Bench) -> int:
    """A person known by a file, written to, who answered in a chat without a number, and refused."""
    import_contacts(bench.db, io.BytesIO(FILE.encode()), Source("f.csv", "anne", consent="salon", category="all"))
    campaign_id = campaigns.create_campaign(bench.db, "name", "body", categories=["all"], actor="anne")
    campaigns.launch_campaign(bench.db, campaign_id)
    for message_id in bench.ids(campaign_id):
        bench.sender().send(message_id)
    first = bench.message(bench.ids(campaign_id)[0])
    data = {"id": first.wa_id, "ack": "read", "chat": {"id": f"{LID}@lid", "name": NAME}}
    deliver(bench, Event("ack-of-chat", {"event": "message:out:ack", "data": data}))
    (woken,) = deliver(bench, from_person(0, f"Oui, {SPELLED[-1]}, {NAME}"))
    bench.sender().send(woken.message_id)
    said = {"id": "in-chat", "type": "text", "flow": "inbound", "body": f"STOP {NAME}", "chat": {"id": f"{LID}@lid"}}
    deliver(bench, Event(f"true_{SPELLED[-3]}_3EB0", {"event": "message:in:new", "data": said}))
    deliver(bench, from_person(0, "STOP"))
    opt_out(bench.db, PERSON, source="operator", actor="anne")
    for spelled in SPELLED:
        bench.execute(
            "INSERT INTO action_log (actor, action, detail) VALUES ('x', 'x', jsonb_build_object('a', %s::text))",
            spelled,
        )
        bench.execute(
            "INSERT INTO import_rejections VALUES (1, %s, 'fields', %s, %s)", next(LINES), spelled, f"x;{spelled};y"
        )
    return campaign_id


LINES = itertools.count(100)


def test_nothing_names_an_erased_person_and_the_statistics_stay(keyed: Bench, caplog: pytest.LogCaptureFixture) -> None:
    campaign_id = lived(keyed)
    statistics.fold(keyed.db)
    before = naming(keyed)
    assert {
        "contacts.phone",
        "contacts.name",
        "webhook_inbox.payload",
        "interactions.content",
        "import_rejections.raw",
    } <= before
    assert {"suppressions.phone", "contact_lids.lid", "webhook_inbox.dedup_key", "action_log.detail"} <= before
    shown = statistics.show(keyed.db, campaign_id).statistics
    with caplog.at_level(logging.DEBUG):
        erased = erase_person(keyed.db, PERSON, actor="anne")
    assert (erased.contacts, erased.left, naming(keyed)) == (1, {}, set())
    statistics.fold(keyed.db)
    assert statistics.show(keyed.db, campaign_id).statistics == shown
    assert not any(number in caplog.text for number in ("639980000", NAME))
    # Somebody else is whole.
    assert "Ugo Petit;13" in every_text(keyed)["import_rejections.raw"]
    assert "Ugo Petit" in every_text(keyed)["contacts.name"]
    assert keyed.execute("SELECT count(*) FROM messages WHERE contact_id = 1 AND status <> 'pending'") == [{"count": 2}]


@pytest.mark.parametrize("launched", [True, False])
def test_a_text_tried_with_the_name_of_the_first_contact_is_forgotten(keyed: Bench, launched: bool) -> None:
    file = "prénom;nom;téléphone\nZoé;Abécassis;0639980000\n"
    import_contacts(keyed.db, io.BytesIO(file.encode()), Source("f.csv", "anne", consent="salon", category="all"))
    template = Template.parse("accueil", "fr", ["{{prénom}}"])
    campaign_id = campaigns.create_campaign(
        keyed.db, "name", "Bonjour {{prénom}}", categories=["all"], content=template
    )
    trials.try_campaign(keyed.db, campaign_id, PhoneNumber(phone(5)), actor="anne")
    if launched:
        campaigns.launch_campaign(keyed.db, campaign_id)
    for row in keyed.execute("SELECT id FROM messages ORDER BY id"):
        assert isinstance(row["id"], int)
        keyed.sender().send(row["id"])
    assert {"campaigns.message_template", "messages.body", "contacts.first_name"} <= naming(keyed)
    assert {"campaigns.content", "messages.content"} <= naming(keyed)
    erase_person(keyed.db, PERSON, actor="anne")
    assert naming(keyed) == set()


def test_the_page_s_lists_and_files_show_nobody_in_their_place(keyed: Bench) -> None:
    campaign_id = lived(keyed)
    erase_person(keyed.db, PERSON, actor="anne")
    with keyed.db.transaction() as connection:
        listed = contact_list.page(connection, contact_list.Wanted(), after=0, limit=10)
        assert [contact.name for contact in listed] == ["Ugo Petit"]
        assert contact_list.by_id(connection, 1) is None
        assert not contact_list.rename(connection, 1, first_name="Zoé", last_name=None)
        assert results.replies(connection, campaign_id, before=None, limit=10) == []
        first, _ = results.by_contact(connection, campaign_id, outcome=None, after=0, limit=10)
    assert (first.phone, first.name, first.wa_id) == ("", None, None)
    text = "".join(results_file(keyed.db, campaign_id, words=str, moment=str))
    assert ("+999" in text, "Zoé" in text, text.count("\r\n")) == (False, False, 3)


def test_what_stays_cannot_be_turned_back_without_the_key(keyed: Bench) -> None:
    lived(keyed)
    erase_person(keyed.db, PERSON, actor="anne")
    (row,) = keyed.execute("SELECT mark, key_id FROM erased_numbers")
    assert row == {"mark": KEY.mark(PhoneNumber(PERSON)), "key_id": KEY.id}
    assert row["mark"] != ErasureKey("another secret of thirty-two bytes").mark(PhoneNumber(PERSON))


@pytest.mark.parametrize("by_file", [True, False])
def test_an_erased_number_that_comes_again_is_written_to_by_nobody(keyed: Bench, by_file: bool) -> None:
    keyed.campaign()
    keyed.sender().send(1)
    erase_person(keyed.db, PERSON, actor="anne")
    if by_file:
        import_contacts(keyed.db, io.BytesIO(FILE.encode()), Source("f.csv", "anne", consent="salon", category="all"))
        again = campaigns.create_campaign(keyed.db, "again", "body", categories=["all"])
    else:
        again = campaigns.create_campaign(keyed.db, "again", "body", [PERSON, phone(1)])
    campaigns.launch_campaign(keyed.db, again)
    for message_id in keyed.ids(again):
        keyed.sender().send(message_id)
    assert [keyed.message(message_id).status for message_id in keyed.ids(again)] == ["opted_out", "sent"]


def test_the_two_forms_of_a_number_are_one_person(keyed: Bench) -> None:
    campaigns.create_campaign(keyed.db, "name", "body", ["+5511987654321"])
    assert erase_person(keyed.db, "+551187654321", actor="anne").contacts == 1
    again = campaigns.create_campaign(keyed.db, "again", "body", ["+5511987654321"])
    campaigns.launch_campaign(keyed.db, again)
    assert keyed.message(keyed.ids(again)[0]).status == "opted_out"


def test_without_the_key_nothing_is_erased_and_no_mark_is_ignored(keyed: Bench) -> None:
    campaigns.create_campaign(keyed.db, "name", "body", [PERSON, phone(1)])
    erase_person(keyed.db, phone(1), actor="anne")
    keyed.db.erasure_key = None
    with pytest.raises(NoErasureKeyError):
        erase_person(keyed.db, PERSON, actor="anne")
    assert "contacts.phone" in naming(keyed)
    with pytest.raises(NoErasureKeyError):
        campaigns.create_campaign(keyed.db, "again", "body", [phone(1)])


def test_a_message_in_flight_is_waited_for_and_no_other_leaves(keyed: Bench) -> None:
    (message_id,) = keyed.ids(keyed.campaign())
    keyed.die_at_post()
    with pytest.raises(KeyboardInterrupt):
        keyed.sender().send(message_id)
    with pytest.raises(StillSendingError):
        erase_person(keyed.db, PERSON, actor="anne")
    keyed.age(31)
    keyed.sender().send(message_id)
    assert keyed.gateway.accepted == []
    assert erase_person(keyed.db, PERSON, actor="anne").contacts == 1
    assert naming(keyed) == set()


def test_a_late_acknowledgement_changes_nobody_else(keyed: Bench) -> None:
    keyed.campaign()
    keyed.sender().send(1)
    wa_id = keyed.message(1).wa_id
    erase_person(keyed.db, PERSON, actor="anne")
    deliver(keyed, acknowledged(wa_id=wa_id, word="read"))
    assert keyed.message(1).status == "sent"


def test_somebody_we_never_wrote_to_is_erased_too(keyed: Bench) -> None:
    deliver(keyed, from_person(0, "STOP"))
    assert erase_person(keyed.db, PERSON, actor="anne").contacts == 0
    assert naming(keyed) == set()
    assert erase_person(keyed.db, PERSON, actor="anne").contacts == 0


def test_a_text_of_ours_that_names_the_number_is_told(keyed: Bench) -> None:
    campaigns.create_campaign(keyed.db, "name", f"Appelez le {SPELLED[-1]}", [PERSON])
    assert erase_person(keyed.db, PERSON, actor="anne").left == {"campaigns.message_template": 1}


@pytest.mark.parametrize("other", ["+44639980000", "06 39 98 00 001", "16399800001", "0639980009"])
def test_another_number_is_left_alone(keyed: Bench, other: str) -> None:
    keyed.execute(
        "INSERT INTO action_log (actor, action, detail) VALUES ('x', 'x', jsonb_build_object('a', %s::text))", other
    )
    erase_person(keyed.db, PERSON, actor="anne")
    assert other in every_text(keyed)["action_log.detail"]


def test_everything_of_a_person_is_exported(keyed: Bench) -> None:
    lived(keyed)
    found = export_person(keyed.db, "+33 6 39 98 00 00", actor="anne")
    assert found["contacts"][0]["name"] == NAME
    assert [message["kind"] for message in found["messages"]] == ["message_1", "message_2"]
    assert [line["said"] for line in found["refusals"]] == ["STOP"]
    assert len(found["interactions"]) == 3
    assert {event["payload"]["event"] for event in found["events"]} == {"message:in:new", "message:out:ack"}
    assert f"{NAME};06 39 98 00 00" in [line["text"] for line in found["lines"]]
    assert "Ugo" not in str(found)


def test_a_refusal_is_undone_by_a_newer_consent_only(keyed: Bench) -> None:
    campaigns.create_campaign(keyed.db, "name", "body", [PERSON])
    opt_out(keyed.db, PERSON, source="operator", actor="anne")
    (row,) = keyed.execute("SELECT suppressed_at, actor FROM suppressions")
    refused_at = row["suppressed_at"]
    assert isinstance(refused_at, datetime)
    assert row["actor"] == "anne"
    with pytest.raises(ConsentError, match="refused later"):
        consent_again(keyed.db, PERSON, proof="form of May", given_at=refused_at, actor="anne")
    now = refused_at + timedelta(seconds=1)
    with pytest.raises(ConsentError, match="say how"):
        consent_again(keyed.db, PERSON, proof="  ", given_at=now, actor="anne", clock=lambda: now)
    with pytest.raises(ConsentError, match="future"):
        consent_again(keyed.db, PERSON, proof="form of May", given_at=now, actor="anne", clock=lambda: refused_at)
    assert consent_again(keyed.db, PERSON, proof="form of May", given_at=now, actor="anne", clock=lambda: now)
    assert keyed.execute("SELECT * FROM suppressions") == []
    assert keyed.execute("SELECT opt_in_source FROM contacts") == [{"opt_in_source": "form of May"}]
    lines = keyed.execute("SELECT actor, action, detail FROM action_log ORDER BY id")
    assert [line["action"] for line in lines] == ["opt-out", "consent given again"]
    assert PERSON not in str(lines)


def test_an_erased_person_may_consent_again(keyed: Bench) -> None:
    campaigns.create_campaign(keyed.db, "name", "body", [PERSON])
    erase_person(keyed.db, PERSON, actor="anne")
    later = datetime.now(UTC)
    assert consent_again(keyed.db, PERSON, proof="form of May", given_at=later, actor="anne")
    again = campaigns.create_campaign(keyed.db, "again", "body", [PERSON])
    campaigns.launch_campaign(keyed.db, again)
    assert keyed.message(keyed.ids(again)[0]).status == "pending"


def test_a_database_has_no_key_unless_it_is_given_one(db: Database) -> None:
    assert db.erasure_key is None
