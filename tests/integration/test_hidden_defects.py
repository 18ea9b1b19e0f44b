"""One of ten faults behind a random composition of indirections: a rule never says that all is well, nor raises on its twin."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.command.run_setup import prepare
from audit.model.findings import Outcome
from tests.deceptive.indirections import FAULTS, LAYERS, PLACES, Hidden, project
from tests.rules.example_projects import write

pytestmark = pytest.mark.integration
PASSES = frozenset({Outcome.ESTABLISHED, Outcome.NOT_APPLICABLE})
ALARMS = frozenset({Outcome.DEFECT, Outcome.RESERVATION})
_LAYER = st.tuples(st.sampled_from(sorted(LAYERS)), st.sampled_from(sorted(PLACES)))


def outcome(fault: Hidden, layers: Sequence[tuple[str, str]], *, sound: bool = False) -> Outcome:
    with TemporaryDirectory() as root:
        write(Path(root), project(fault, layers, sound=sound))
        return prepare(root, "strict", "source").outcome(fault.rule)


@pytest.mark.parametrize("layer", sorted(LAYERS))
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.rule)
def test_one_layer_hides_nothing(fault: Hidden, layer: str) -> None:
    assert outcome(fault, [(layer, "plain")]) not in PASSES
    assert outcome(fault, [(layer, "plain")], sound=True) not in ALARMS


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FAULTS), st.lists(_LAYER, max_size=4))
def test_a_composition_hides_nothing(fault: Hidden, layers: list[tuple[str, str]]) -> None:
    assert outcome(fault, layers) not in PASSES
    assert outcome(fault, layers, sound=True) not in ALARMS
