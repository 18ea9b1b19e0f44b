from datetime import UTC, datetime

import pytest

from system.domain.contact_rows import Columns, ContactRow, HeaderError
from system.domain.phone import PhoneNumber
from system.domain.rejections import Reason, Rejection, RowError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def row(header: str, fields: str, region: str = "FR") -> ContactRow:
    return Columns.of_header(header.split(";")).row(fields.split(";"), region=region, now=NOW)


@pytest.mark.parametrize(
    "text", ["06 39 98 00 01", "0639980001", "+33639980001", "0033639980001", "(06)39.98-00-01", "+33 (0)6 39 98 00 01"]
)
def test_a_number_as_people_write_it(text: str) -> None:
    assert row("Téléphone", text).phone == "+33639980001"


def test_a_number_is_one_of_the_region() -> None:
    assert row("phone", "202 555 0143", region="US").phone == "+12025550143"


@pytest.mark.parametrize("text", ["12", "bonjour", "+33", "6.3998E+8", "0639980001 poste 12", "٣", "+999123456789"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(RowError) as refused:
        row("phone", text)
    assert refused.value.reason is Reason.NOT_A_NUMBER
    assert text in Rejection(1, refused.value.reason, refused.value.detail, "").french


def test_every_column() -> None:
    found = row(
        "Prénom;NOM;E-mail;N° de téléphone;Numéro;Catégories;Date de consentement;Source",
        "Anne;Durand ;a@b;x;0639980001;Clients, Lyon,Clients;05/02/2026;salon",
    )
    assert found == ContactRow(
        PhoneNumber("+33639980001"),
        "Anne Durand",
        ("Clients", "Lyon"),
        datetime(2026, 2, 5, tzinfo=UTC),
        "salon",
        first_name="Anne",
        last_name="Durand",
    )


def test_a_short_row_is_taken_and_a_long_one_is_not() -> None:
    assert row("phone;name", "0639980001").name is None
    assert row("phone;name", "0639980001;;;").name is None
    with pytest.raises(RowError) as refused:
        row("phone;name", "0639980001;Anne;Lyon")
    assert refused.value.reason is Reason.FIELDS


@pytest.mark.parametrize(
    ("header", "fields", "reason"),
    [
        ("phone;name", ";Anne", Reason.NO_PHONE),
        ("phone;name", "0639980001;" + "a" * 201, Reason.TOO_LONG),
        ("phone;name", "0639980001;a\x00b", Reason.CHARACTER),
        ("phone;tags", "0639980001;" + "a" * 61, Reason.TOO_LONG),
        ("phone;consent date", "0639980001;31/02/2026", Reason.DATE),
        ("phone;consent date", "0639980001;yesterday", Reason.DATE),
        ("phone;consent date", "0639980001;2026-03-02", Reason.FUTURE),
    ],
)
def test_what_cannot_be_taken(header: str, fields: str, reason: Reason) -> None:
    with pytest.raises(RowError) as refused:
        row(header, fields)
    assert refused.value.reason is reason


def test_a_date_may_have_a_zone() -> None:
    assert row("phone;opt-in", "0639980001;2026-02-05T01:00:00+02:00").opted_in_at == datetime(
        2026, 2, 4, 23, tzinfo=UTC
    )


def test_a_file_without_numbers_is_refused() -> None:
    with pytest.raises(HeaderError, match="no column is called"):
        Columns.of_header(["name", "city"])


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_said_in_both_languages(reason: Reason) -> None:
    rejection = Rejection(1, reason, "x", "raw")
    assert rejection.english != rejection.french
