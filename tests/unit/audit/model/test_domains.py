from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.model.domains import Domain, Proof, conclude
from audit.model.findings import Evidence, EvidenceError, Finding, Level
from audit.model.gaps import Doubt, Gap, OpaqueCall, UnreadFile, named
from audit.model.outcomes import Outcome

UNREAD = UnreadFile("app/more.py", 0, "erreur de syntaxe ligne 3")
OPAQUE = OpaqueCall("app/run.py", 7, "handler()", "app.run:run")


def odd(member: int) -> Sequence[str]:
    return [f"{member} est impair"] if member % 2 else []


def test_a_fault_is_a_defect_whatever_the_gaps() -> None:
    answer = conclude(Domain((1, 2, 3), (UNREAD,), "3 nombres"), odd)
    assert (answer.outcome, answer.faults) == (Outcome.DEFECT, ("1 est impair", "3 est impair"))
    assert answer.proof is None


def test_a_fault_behind_an_unknown_receiver_is_a_reservation() -> None:
    answer = conclude(Domain((2, 3), (OPAQUE,), "2 nombres"), lambda _: (), possible_of=odd)
    assert (answer.outcome, answer.possible) == (Outcome.RESERVATION, ("3 est impair",))


def test_a_gap_that_may_hide_a_fault_leaves_the_point_open_and_is_named() -> None:
    answer = conclude(Domain((2,), (UNREAD, OPAQUE), "1 nombre"), odd, may_hide=lambda gap: gap is UNREAD)
    assert (answer.outcome, answer.gaps, answer.proof) == (Outcome.UNDETERMINED, (UNREAD,), None)


def test_a_gap_hides_the_absence_of_members_too() -> None:
    assert conclude(Domain((), (UNREAD,), "rien"), odd).outcome is Outcome.UNDETERMINED
    assert conclude(Domain((), (), "rien"), odd).outcome is Outcome.NOT_APPLICABLE


def test_a_domain_read_whole_proves_the_point_with_what_was_read() -> None:
    answer = conclude(Domain((2, 4), (OPAQUE,), "2 nombres"), odd, may_hide=lambda _: False)
    assert answer.outcome is Outcome.ESTABLISHED
    assert answer.proof is not None
    assert answer.proof.read == "2 nombres"


def test_nothing_else_makes_a_proof() -> None:
    with pytest.raises(TypeError, match="only conclude"):
        Proof(Outcome.ESTABLISHED, "12 tâches", object())


@pytest.mark.parametrize("outcome", [Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE])
def test_no_finding_that_was_read_holds_without_a_proof_of_its_own_outcome(outcome: Outcome) -> None:
    read = (Evidence(Level.SOURCE, "source", "d"),)
    proofs = {answer.outcome: answer.proof for answer in (conclude(Domain(some, (), "n"), odd) for some in ((2,), ()))}
    other = next(proof for proved, proof in proofs.items() if proved is not outcome)
    for proof in (None, other):
        with pytest.raises(EvidenceError, match="conclude"):
            Finding(outcome, "vrai", read, proof=proof)
    assert Finding(outcome, "vrai", read, proof=proofs[outcome]).outcome is outcome


def test_what_was_played_needs_no_proof_by_reading() -> None:
    assert Finding(Outcome.ESTABLISHED, "joué", (Evidence(Level.EXECUTION, "x", "d"),)).proof is None


GAPS = st.lists(st.sampled_from([UNREAD, OPAQUE]), max_size=3)


@given(st.lists(st.integers(0, 9)), GAPS, st.sampled_from([None, UNREAD, OPAQUE]))
def test_the_laws_hold_for_any_domain(members: list[int], gaps: list[Gap], hiding: Gap | None) -> None:
    answer = conclude(Domain(tuple(members), tuple(gaps), "n"), odd, may_hide=lambda gap: gap is hiding)
    if any(m % 2 for m in members):
        assert answer.outcome is Outcome.DEFECT
    elif hiding in gaps:
        assert answer.outcome is Outcome.UNDETERMINED
    else:
        assert answer.outcome is (Outcome.ESTABLISHED if members else Outcome.NOT_APPLICABLE)
    assert (answer.proof is not None) == (answer.outcome in {Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE})


def test_the_place_of_every_gap_is_said() -> None:
    """« et 9 autres » left ten tasks without a place, anywhere in the report."""
    many = tuple(Doubt("app.py", n, f"la raison n° {n} manque") for n in range(1, 6))
    assert named(many).endswith("la raison n° 3 manque, `app.py:3` (et 2 autres : `app.py:4`, `app.py:5`)")
    assert named(many[:3]).endswith("`app.py:3`")
    unplaced = named((*many[:3], Doubt(why="x"), Doubt(why="y")))
    assert unplaced.endswith("(et 2 autres)")
    assert named(tuple(Doubt("a.py", n, "x") for n in range(1, 99))).endswith("`a.py:23`…)")
