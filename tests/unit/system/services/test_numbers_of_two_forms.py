"""WhatsApp names a Brazilian, Mexican or Argentine mobile otherwise than people write it: their words are heard all the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system.domain.phone import PhoneNumber
from system.gateway.webhooks import Event
from system.services.campaigns import create_campaign, launch_campaign
from system.services.consent import opt_out
from tests.criteria.inbound import deliver
from tests.unit.system.bench import Bench

PAIRS = [
    ("+5511987654321", "+551187654321"),
    ("+5215512345678", "+525512345678"),
    ("+5491123456789", "+541123456789"),
]


def said(by: str, body: str) -> Event:
    data = {"id": f"in-{by}", "type": "text", "flow": "inbound", "fromNumber": by.removeprefix("+"), "body": body}
    return Event(f"in-{by}-{body}", {"event": "message:in:new", "data": data})


def written_to(bench: Bench, number: str) -> int:
    campaign_id = create_campaign(bench.db, "name", "body", [number])
    launch_campaign(bench.db, campaign_id)
    (message_id,) = bench.ids(campaign_id)
    return message_id


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_each_form_knows_the_other(one: str, other: str) -> None:
    assert PhoneNumber(one).forms == (one, other)
    assert PhoneNumber(other).forms == (other, one)


@pytest.mark.parametrize("number", ["+33639980001", "+551132654321", "+528112345", "+5411234", "+12025550123"])
def test_other_numbers_have_one_form(number: str) -> None:
    assert PhoneNumber(number).forms == (number,)


@given(st.from_regex(r"\+(55|52|54|33)[1-9][0-9]{6,11}", fullmatch=True))
def test_whichever_form_is_known_the_person_is_the_same(number: str) -> None:
    forms = PhoneNumber(number).forms
    assert len(forms) <= 2
    assert all(set(form.forms) == set(forms) for form in forms)


@pytest.mark.real
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_list_with_both_forms_writes_to_the_person_once(one: str, other: str, bench: Bench) -> None:
    campaign_id = create_campaign(bench.db, "name", "body", [one, other, "+33639980001"])
    launch_campaign(bench.db, campaign_id)
    assert len(bench.ids(campaign_id)) == 2
    # Known under the other form since.
    again = create_campaign(bench.db, "name", "body", [other])
    launch_campaign(bench.db, again)
    assert bench.execute("SELECT count(*) FROM contacts") == [{"count": 2}]


@pytest.mark.real
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_rows_of_one_person_earn_one_message_1(one: str, other: str, bench: Bench) -> None:
    bench.execute(
        "INSERT INTO contacts (phone, opted_in_at, opt_in_source) SELECT unnest(%s::text[]), now(), 'x'", [one, other]
    )
    bench.execute("INSERT INTO categories (name) VALUES ('all')")
    bench.execute("INSERT INTO contact_categories SELECT k.id, c.id FROM categories AS k, contacts AS c")
    campaign_id = create_campaign(bench.db, "name", "body", categories=["all"])
    launch_campaign(bench.db, campaign_id)
    assert len(bench.ids(campaign_id)) == 1


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_an_import_knows_both_forms(one: str, other: str) -> None:
    for number in (one, other):
        assert PhoneNumber.from_person(number, region="FR") == number


@pytest.mark.parametrize("text", ["+33 (0)6 39 98 00 01", "+33(0)639980001", "+33 06 39 98 00 01", "+33 6.39.98.00.01"])
def test_the_zero_of_home_is_left_out(text: str) -> None:
    assert PhoneNumber.parse(text) == PhoneNumber.from_person(text, region="FR") == "+33639980001"


@pytest.mark.real
@pytest.mark.parametrize(("imported", "heard"), [*PAIRS, *((b, a) for a, b in PAIRS)])
def test_stop_from_the_other_form_ends_what_waits_and_a_reply_earns_message_2(
    imported: str, heard: str, bench: Bench
) -> None:
    first = written_to(bench, imported)
    bench.sender().send(first)
    (woken,) = deliver(bench, said(heard, "Sim"))
    assert deliver(bench, said(heard, "STOP")) == []
    assert bench.message(woken.message_id).status == "opted_out"
    later = written_to(bench, imported)
    assert bench.message(later).status == "opted_out"
    assert opt_out(bench.db, imported, source="test") == 0
