import pytest

from system.domain.lease import Lease
from system.domain.phone import PhoneNumber
from system.domain.retry_policy import GiveUp, Retry, RetryPolicy


def test_the_policy_gives_each_delay_once_then_gives_up() -> None:
    policy = RetryPolicy((60, 120, 240))
    assert [policy.decide(failures) for failures in (1, 2, 3, 4)] == [Retry(60), Retry(120), Retry(240), GiveUp()]
    with pytest.raises(ValueError, match="follows a failure"):
        policy.decide(0)


def test_a_post_must_end_within_the_lease() -> None:
    lease = Lease(4, 2)
    assert lease.allows_post(claimed_at=100, now=100.9)
    assert not lease.allows_post(claimed_at=100, now=101)


@pytest.mark.parametrize("text", ["+33 6 39 98 00 01", "33639980001@c.us", "+33639980001"])
def test_whatsapp_identifiers_are_phone_numbers(text: str) -> None:
    assert PhoneNumber.from_whatsapp(text) == "+33639980001"


@pytest.mark.parametrize("text", ["", "+0639980001", "120363@g.us", "+33٦39980001", "+1234567890123456"])
def test_what_is_not_e164_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="phone"):
        PhoneNumber.from_whatsapp(text)
