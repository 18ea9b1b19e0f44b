"""The grammar of citations: any set of criteria, written any way, is read back; what is none is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.reading.kiro.citations import Identifier, cited_in, read_citations

FAMILIES = {4: 6, 5: 3, 8: 6, 10: 1}
KNOWN = [Identifier(family, rank) for family, count in FAMILIES.items() for rank in range(1, count + 1)]


@st.composite
def written(draw: st.DrawFn) -> tuple[set[Identifier], str]:
    """Criteria, and a line that cites them."""
    parts, meant = [], set[Identifier]()
    for _ in range(draw(st.integers(1, 6))):
        first, last = sorted(draw(st.tuples(st.sampled_from(KNOWN), st.sampled_from(KNOWN))))
        word = draw(st.sampled_from(["", "Requirement ", "Exigence "]))
        dash = draw(st.sampled_from(["-", " - ", "–", " — ", " to ", " à "]))
        kind = draw(st.sampled_from(["one", "range", "family", "families"]))
        if kind == "one":
            parts.append(f"{word}{first}")
            meant.add(first)
        elif kind == "range":
            parts.append(f"{word}{first}{dash}{last}")
            meant |= {i for i in KNOWN if first <= i <= last}
        elif kind == "family":
            parts.append(f"{word}{first.family}{draw(st.sampled_from(['', '.*', '.x']))}")
            meant |= {i for i in KNOWN if i.family == first.family}
        else:
            parts.append(f"{word}{first.family}{dash}{last.family}")
            meant |= {i for i in KNOWN if first.family <= i.family <= last.family}
    listed = parts[0] + "".join(draw(st.sampled_from([", ", ",", " ; ", " and ", " et "])) + p for p in parts[1:])
    around = draw(
        st.sampled_from(
            [
                "_Requirements: {}_",
                "**Requirements**: {}.",
                "**Exigences\u00a0:** {}",
                "Vérifier (Requirement: {})",
                "**Validates: Requirements {}**",
                "Validates: {}",
            ]
        )
    )
    return meant, around.format(listed)


@given(written())
def test_what_is_cited_any_way_is_read_back(case: tuple[set[Identifier], str]) -> None:
    meant, line = case
    cited = cited_in(line)
    assert cited is not None
    citations, flaws = read_citations(cited, "tasks.md:1")
    assert not flaws
    assert {i for i in KNOWN if any(c.covers(i) for c in citations)} == meant


@given(st.text())
def test_any_text_is_read_or_named(text: str) -> None:
    citations, flaws = read_citations(text, "x")
    assert citations or flaws
    cited_in(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("NFR-1", "« NFR-1 » n'est ni un critère"),
        ("4.6-4.1", "intervalle à l'envers"),
        ("4.1-6", "ambigu"),
        ("8.0", "rang 0"),
        ("12345.1", "n'est ni un critère"),
        ("8.1.2", "n'est ni un critère"),
        ("٨.١", "n'est ni un critère"),
        ("", "aucun critère n'y est cité"),
        (", ,", "aucun critère n'y est cité"),
    ],
)
def test_what_is_no_citation_is_named(text: str, why: str) -> None:
    citations, flaws = read_citations(text, "tasks.md:3")
    assert citations == []
    assert [f.place for f in flaws] == ["tasks.md:3"]
    assert why in flaws[0].why


def test_a_bad_part_does_not_hide_the_others() -> None:
    citations, flaws = read_citations("8.1, tout, 9", "x")
    assert [c.text for c in citations] == ["8.1", "9"]
    assert len(flaws) == 1


def test_ends_are_what_must_exist() -> None:
    (one, spread, family), _ = read_citations("8.1, 4.1-4.6, 9", "x")
    assert (one.ends, spread.ends, family.ends) == (("8.1",), ("4.1", "4.6"), ("9",))


@pytest.mark.parametrize(
    "line", ["- Requirements document", "les exigences 8.1", "Prerequirements: 8.1", "Valider : tout"]
)
def test_prose_cites_nothing(line: str) -> None:
    assert cited_in(line) is None


def test_a_design_cites_by_validates_only() -> None:
    assert cited_in("Requirements: Python 3.11", design=True) is None
    assert cited_in("**Validates: Requirements 8.1**", design=True) == "8.1"
