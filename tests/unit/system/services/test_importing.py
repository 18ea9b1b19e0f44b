"""An import takes what can be taken, tells of the rest line by line, and changes nothing when it runs again."""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from system.db.imports import Import
from system.domain.contact_header import FileFault, HeaderError
from system.services import importing, workbooks
from system.services.importing import Source, UnknownImportError, find_import, import_contacts, rejected_lines
from system.services.rejected_file import rejected_file
from tests.unit.system.bench import Bench
from tests.unit.system.spreadsheet import archive, workbook

pytestmark = pytest.mark.real
FILE = """Nom;Téléphone;Groupe
Anne;06 39 98 00 01;Clients
Béa;;Clients
"Cé;0639980003;
Dan;+33639980001;Lyon
Eve;12;
Fay;0639980006;Lyon, Clients
"""


def take(bench: Bench, text: str | bytes, **options: str) -> Import:
    content = text if isinstance(text, bytes) else text.encode()
    return import_contacts(bench.db, io.BytesIO(content), Source("f.csv", "anne", **options))


def lines(bench: Bench, done: Import) -> list[tuple[int, str]]:
    return [(rejection.line, rejection.english) for rejection in rejected_lines(bench.db, done.id, page=2)]


def contacts(bench: Bench) -> list[dict[str, object]]:
    return bench.execute(
        """SELECT c.phone, c.name, c.opt_in_source, string_agg(k.name, ',' ORDER BY k.name) AS categories
           FROM contacts c LEFT JOIN contact_categories cc ON cc.contact_id = c.id
           LEFT JOIN categories k ON k.id = cc.category_id GROUP BY c.id ORDER BY c.phone"""
    )


def test_what_can_be_taken_is_and_the_rest_is_told_line_by_line(bench: Bench) -> None:
    done = take(bench, FILE)
    assert (done.created, done.known, done.rejected) == (2, 0, 4)
    assert lines(bench, done) == [
        (3, "no phone number"),
        (4, "a quotation mark is missing or misplaced"),
        (5, "the same number as line 2"),
        (6, "not a phone number: 12"),
    ]
    assert contacts(bench) == [
        {"phone": "+33639980001", "name": "Anne", "opt_in_source": None, "categories": "Clients"},
        {"phone": "+33639980006", "name": "Fay", "opt_in_source": None, "categories": "Clients,Lyon"},
    ]


def test_a_second_run_changes_nothing(bench: Bench) -> None:
    take(bench, FILE, consent="salon")
    before = contacts(bench), bench.execute("SELECT phone, opted_in_at FROM contacts ORDER BY phone")
    done = take(bench, FILE, consent="another")
    assert (done.created, done.known, done.rejected) == (0, 2, 4)
    assert (contacts(bench), bench.execute("SELECT phone, opted_in_at FROM contacts ORDER BY phone")) == before


def test_the_rejected_lines_can_be_corrected_and_imported(bench: Bench) -> None:
    done = take(bench, FILE)
    text = "".join(rejected_file(bench.db, done, language="fr"))
    assert text.splitlines()[:2] == ["ligne;motif;Nom;Téléphone;Groupe", "3;aucun numéro de téléphone;Béa;;Clients"]
    again = take(bench, text.replace("Béa;;", "Béa;0639980002;").replace('"Cé', "Cé"))
    assert (again.created, again.known, again.rejected) == (2, 1, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [("+5511987654321", "+551187654321"), ("+5491112345678", "+541112345678")],
)
def test_a_person_with_two_numbers_is_one_contact(bench: Bench, one: str, other: str) -> None:
    done = take(bench, f"phone,name\n{one},Ana\n{other},Ana\n+33639980001,Bea\n")
    assert (done.created, done.known, done.rejected) == (2, 0, 1)
    assert lines(bench, done) == [(3, "the same number as line 2")]
    again = take(bench, f"phone,name,category\n{other},Ana María,VIP\n")
    assert (again.created, again.known, again.rejected) == (0, 1, 0)
    known = [contact for contact in contacts(bench) if contact["phone"] != "+33639980001"]
    assert known == [{"phone": one, "name": "Ana María", "opt_in_source": None, "categories": "VIP"}]


def test_an_opt_out_outlives_an_import(bench: Bench) -> None:
    bench.execute("INSERT INTO suppressions (phone, source) VALUES ('+33639980001', 'STOP')")
    take(bench, FILE, consent="salon")
    assert bench.execute("SELECT phone FROM suppressions") == [{"phone": "+33639980001"}]


def test_consent_is_the_file_s_or_the_importer_s_or_none(bench: Bench) -> None:
    take(bench, "phone,consent date,source\n0639980001,2026-01-05,site\n0639980002,2026-01-06,\n0639980003,,\n")
    assert [row["opt_in_source"] for row in contacts(bench)] == ["site", "file f.csv", None]
    take(bench, "phone\n0639980001\n0639980003\n0639980004\n", consent="salon", category="Salon")
    assert [(row["opt_in_source"], row["categories"]) for row in contacts(bench)] == [
        ("site", "Salon"),
        ("file f.csv", None),
        ("salon", "Salon"),
        ("salon", "Salon"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "0639980001\n0639980002\n",
        "sep=;\nphone;name\n0639980001;a\n0639980002;b\n",
        "\ufeffphone\n0639980001\n0639980002",
    ],
)
def test_lists_without_a_header_and_what_spreadsheets_add(bench: Bench, text: str) -> None:
    assert take(bench, text).created == 2


@pytest.mark.parametrize(
    ("text", "fault", "words"),
    [
        ("", FileFault.EMPTY, "vide"),
        ("\n \r\n", FileFault.EMPTY, "vide"),
        ("name;city\nAnne;Lyon\n", FileFault.NO_PHONE_COLUMN, "Colonnes trouvées\N{NO-BREAK SPACE}: name, city."),
        ("Anne;0639980001\nBéa;0639980002\n", FileFault.NO_HEADER, "un numéro (0639980001)"),
        ("+33 6 39 98 00 01,Anne\n", FileFault.NO_HEADER, "un numéro (+33 6 39 98 00 01)"),
        ("Anne\n", FileFault.NOT_A_NUMBER, "Anne"),
        ("\x00\xff".encode("utf-16"), FileFault.NOT_A_NUMBER, "ni un nom"),
        ('"\n', FileFault.NO_PHONE_COLUMN, "téléphone"),
        (b"%PDF-1.7\n", FileFault.NOT_A_TABLE, "un PDF"),
        (b"\x89PNG\r\n\x1a\n", FileFault.NOT_A_TABLE, "une image"),
        (b"PK\x03\x04 cut", FileFault.UNREADABLE, "abîmé"),
        (b"\xd0\xcf\x11\xe0 encrypted", FileFault.UNREADABLE, "mot de passe"),
    ],
)
def test_a_file_without_numbers_is_refused_whole(bench: Bench, text: str | bytes, fault: FileFault, words: str) -> None:
    with pytest.raises(HeaderError) as refused:
        take(bench, text)
    assert (refused.value.fault, words in refused.value.french) == (fault, True)
    assert bench.execute("SELECT id FROM imports") == []


def test_what_was_read_and_who_has_no_consent_is_told(bench: Bench) -> None:
    done = take(
        bench, "Nom;Tél. fixe;Téléphone mobile;Ville;Consentement\nA;;0639980001;Lyon;1/5/26\nB;;0639980002;Lyon;\n"
    )
    assert (done.phone_column, done.other_phone_columns) == ("Téléphone mobile", ["Tél. fixe"])
    assert (done.ignored_columns, done.without_consent) == (["Ville"], 1)
    assert take(bench, "phone\n0639980001\n0639980002\n0639980003\n").without_consent == 2
    assert take(bench, "phone\n0639980002\n", consent="salon").without_consent == 0


def test_a_workbook_is_read_whatever_its_name(bench: Bench) -> None:
    rows: list[list[object]] = [
        ["Nom", "GSM", "Date de consentement"],
        [],
        ["Anne", 33639980001, 46143],
        ["Béa", 639980002, "1er mai 2026"],
        ["Cé", "06 39 98 00 03", ""],
        ["Dan", 12, ""],
    ]
    done = take(bench, workbook(rows))
    assert (done.created, done.rejected, done.without_consent) == (3, 1, 1)
    assert lines(bench, done) == [(6, "not a phone number: 12")]
    dates = bench.execute("SELECT phone, opted_in_at::date::text AS day FROM contacts ORDER BY phone")
    assert [(row["phone"], row["day"]) for row in dates] == [
        ("+33639980001", "2026-05-01"),
        ("+33639980002", "2026-05-01"),
        ("+33639980003", None),
    ]
    text = "".join(rejected_file(bench.db, done, language="fr"))
    assert text.splitlines()[1] == "6;ce n’est pas un numéro de téléphone\u00a0: 12;Dan;12;"


def test_the_first_sheet_that_is_shown_and_filled_is_read(bench: Bench) -> None:
    assert take(bench, workbook([], [["phone"], ["0639980001"]], hidden=[["phone"], ["12"]])).created == 1


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (workbook([]), FileFault.EMPTY),
        (workbook([["phone"], ["0639980001"]], far=True), FileFault.TOO_LARGE),
        (archive({"word/document.xml": b"<w/>"}), FileFault.NOT_A_TABLE),
        (archive({"content.xml": b"<x/>"}), FileFault.NOT_A_TABLE),
        (archive({"xl/worksheets/sheet1.xml": b"<x/>"}), FileFault.UNREADABLE),
        (archive({"xl/worksheets/sheet1.xml": b" " * (workbooks.MOST_BYTES + 1)}), FileFault.TOO_LARGE),
    ],
    ids=["empty", "two cells far apart", "a text", "OpenDocument", "damaged", "a bomb"],
)
def test_a_workbook_that_cannot_be_read(bench: Bench, content: bytes, fault: FileFault) -> None:
    with pytest.raises(HeaderError) as refused:
        take(bench, content)
    assert refused.value.fault is fault


def test_an_import_that_was_cut_is_run_again(bench: Bench) -> None:
    content = ("phone\n" + "\n".join(f"063998{n:04d}" for n in range(1200))).encode()

    class Cut(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= importing.BATCH * 11 + 1000:
                raise ConnectionError
            return super().read(1000)

    with pytest.raises(ConnectionError):
        import_contacts(bench.db, Cut(content), Source("f.csv", "anne"))
    (cut,) = bench.execute("SELECT created, finished_at FROM imports")
    assert cut == {"created": importing.BATCH, "finished_at": None}
    done = take(bench, content)
    assert (done.created, done.known) == (700, 500)
    assert done.finished_at is not None


PHONES = st.sampled_from(["0639980001", "06 39 98 00 02", "+33639980003", "12", "", "x\x00"])
NAMES = st.text(max_size=5)


@given(st.lists(st.tuples(PHONES, NAMES), max_size=12))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_every_line_is_new_known_or_told(bench: Bench, rows: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("phone", "name"), *rows])
    content = text.getvalue().encode("utf-8", "replace")
    done = import_contacts(bench.db, io.BytesIO(content), Source("f.csv", "anne"))
    told = list(rejected_lines(bench.db, done.id))
    assert done.rejected == len(told)
    again = import_contacts(bench.db, io.BytesIO(content), Source("f.csv", "anne"))
    assert (again.created, again.known, again.rejected) == (0, done.created + done.known, done.rejected)


def test_an_unknown_import_is_said_so(bench: Bench) -> None:
    with pytest.raises(UnknownImportError):
        find_import(bench.db, 1)


class Growing(io.RawIOBase):
    """A file that is written while it is read."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def read(self, size: int = -1) -> bytes:
        return next(self._parts, b"")


def test_an_import_gives_signs_of_life_while_it_runs_and_none_after(bench: Bench) -> None:
    seen: list[tuple[bool, bool]] = []

    def lines() -> Iterator[bytes]:
        yield b"phone\n"
        for number in range(importing.BATCH + 1):
            yield f"+3363998{number:04}\n".encode()
        for ago in (1, 3600):
            bench.execute("UPDATE heartbeats SET beat_at = now() - make_interval(secs => %s)", ago)
            found = find_import(bench.db, 1)
            seen.append((found.running, found.finished_at is None))

    done = import_contacts(bench.db, cast("BinaryIO", Growing(lines())), Source("f.csv", "admin"))
    assert (seen, done.running, done.created) == ([(True, True), (False, True)], False, importing.BATCH + 1)
    assert bench.execute("SELECT * FROM heartbeats") == []
