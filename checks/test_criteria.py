"""Every criterion of the reference stack, under profile strict: `pytest checks -k 8.1` asks one."""

import re
from contextlib import nullcontext

import pytest

from audit.command.pytest_items import AuditReservationWarning, report
from audit.judging.examination import Examination
from audit.model.findings import Outcome
from audit.requirements.profiles import DEFAULT_FAMILY
from checks.criterion import Check, check, checks

# Kept but for what their checkpoints say: nothing leaves in the last seconds of a window, a campaign with many failures is
# paused, and one that was resumed counts its 48 h anew.
_PARTLY_MET = frozenset({"5.2", "7.1", "7.5"})
# A soak times how long a worker is away; production tells how often.
_IN_TRIAL = ("availability",)


def _test(asked: Check) -> object:
    # What starts the stack belongs to the integration session; `nox -s audit` plays the same experiments in CI.
    return pytest.param(asked, id=asked.name, marks=pytest.mark.integration if asked.starts_stack else ())


@pytest.mark.parametrize("asked", [_test(asked) for asked in checks()])
def test_criterion(asked: Check, examination: Examination) -> None:
    if examination.profile.family == DEFAULT_FAMILY:
        trial = asked.questions == _IN_TRIAL and examination.outcome(*_IN_TRIAL) is Outcome.RESERVATION
        with pytest.warns(AuditReservationWarning, match="Mesuré en essai") if trial else nullcontext():
            report(examination, *asked.questions)
    else:
        told = pytest.warns(AuditReservationWarning, match=rf"^{re.escape(asked.criterion)} PARTIEL")
        with told if asked.criterion in _PARTLY_MET else nullcontext():
            check(examination, asked.criterion, asked.questions)
