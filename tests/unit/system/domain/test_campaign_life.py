import itertools

import pytest

from system.domain.campaign_life import may_become
from system.domain.statuses import CampaignStatus as S

# As the issue writes it: draft -> scheduled -> sending <-> paused -> completed | cancelled | failed.
LEGAL = {
    (S.DRAFT, S.SCHEDULED), (S.DRAFT, S.SENDING), (S.DRAFT, S.CANCELLED),
    (S.SCHEDULED, S.DRAFT), (S.SCHEDULED, S.SCHEDULED), (S.SCHEDULED, S.SENDING), (S.SCHEDULED, S.CANCELLED), (S.SCHEDULED, S.FAILED),
    (S.SENDING, S.PAUSED), (S.SENDING, S.COMPLETED), (S.SENDING, S.CANCELLED), (S.SENDING, S.FAILED),
    (S.COMPLETED, S.SENDING),
    (S.PAUSED, S.SENDING), (S.PAUSED, S.COMPLETED), (S.PAUSED, S.CANCELLED), (S.PAUSED, S.FAILED),
}  # fmt: skip


@pytest.mark.parametrize(("now", "then"), list(itertools.product(S, S)))
def test_legal_transitions_and_no_other(now: S, then: S) -> None:
    assert may_become(now, then) == ((now, then) in LEGAL)
