from datetime import UTC, datetime

import pytest

from system.domain.contact_header import Header, HeaderError
from system.domain.contact_rows import Columns, ContactRow
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
        "Anne;Durand ;a@b;0639980001;x;Clients, Lyon,Clients;05/02/2026;salon",
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


@pytest.mark.parametrize(
    "name",
    [
        *(
            "N° de téléphone",
            "Téléphone mobile",
            "Tél. portable",
            "Numéro WhatsApp",
            "GSM",
            "Phone 1 - Value",
            "TEL",
            "mobile_phone",
        ),
        *(
            "Numéro",
            "Telephone number",
            "N° GSM",
            "Portable (perso)",
            "Celular",
            "Phone (primary)",
            "Téléphone1",
            "MobilePhone",
            "PhoneE164",
            "TelMobile 2",
            "n° WhatsApp",
            "whatsapp n°",
        ),
    ],
)
def test_a_column_of_numbers(name: str) -> None:
    assert Header.of(["Ville", name]).positions == {"phone": 1}


@pytest.mark.parametrize(
    "name", ["Phone 1 - Label", "Fax", "Téléphone vérifié", "Date du tél", "Modèle de mobile", "Tél. de la cliente", ""]
)
def test_a_column_of_something_else(name: str) -> None:
    with pytest.raises(HeaderError):
        Header.of([name])


@pytest.mark.parametrize(
    ("names", "best", "others"),
    [
        ("Tél. fixe;Mobile;WhatsApp", "WhatsApp", ("Tél. fixe", "Mobile")),
        ("Téléphone;Portable", "Portable", ("Téléphone",)),
        ("Téléphone domicile;Téléphone", "Téléphone", ("Téléphone domicile",)),
        ("Phone 1 - Value;Phone 2 - Value", "Phone 1 - Value", ("Phone 2 - Value",)),
    ],
)
def test_of_several_columns_of_numbers_the_best_is_read(names: str, best: str, others: tuple[str, ...]) -> None:
    found = Header.of(names.split(";"))
    assert (found.phone, found.other_phones, found.ignored) == (best, others, ())


def test_words_that_are_written_together() -> None:
    assert Header.of(["firstName", "lastName", "phoneNumber"]).positions == {"first_name": 0, "name": 1, "phone": 2}


def test_a_file_of_google_contacts() -> None:
    header = "First Name;Last Name;Display Name;Labels;Phone 1 - Label;Phone 1 - Value"
    found = row(header, "Anne;Durand;Anne Durand;Clients;Mobile;06 39 98 00 01 ::: 01 39 98 00 01")
    assert (found.phone, found.name, found.categories) == ("+33639980001", "Anne Durand", ("Clients",))
    assert Header.of(header.split(";")).ignored == ("Display Name", "Phone 1 - Label")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "13.05.2025",
            "13/05/25",
            "13-5-2025",
            "13 mai 2025",
            "le 13 mai 2025",
            "Mardi 13 MAI 2025",
            "13 May 2025",
            "13/05/2025 00:00",
        ),
        *("2025-05-13", "13th may 2025"),
    ],
)
def test_a_date_as_people_write_it(text: str) -> None:
    assert row("phone;consent date", f"0639980001;{text}").opted_in_at == datetime(2025, 5, 13, tzinfo=UTC)


@pytest.mark.parametrize("text", ["1er août 2025", "1 aout 2025", "01.08.25", "1st August 2025", "1 aug. 2025"])
def test_months_have_many_names(text: str) -> None:
    assert row("phone;consent date", f"0639980001;{text}").opted_in_at == datetime(2025, 8, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["oui", "13.05/2025", "31.02.2025", "05/13/2025", "1 brumaire 2025", "13/05", "٣/٥/2025", "13/05/2025 25:00"],
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(RowError) as refused:
        row("phone;consent date", f"0639980001;{text}")
    assert refused.value.reason is Reason.DATE
