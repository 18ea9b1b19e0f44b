import pytest

from system.domain.roles import Role


@pytest.mark.parametrize(
    ("role", "covered"),
    [(Role.READER, {Role.READER}), (Role.OPERATOR, {Role.READER, Role.OPERATOR}), (Role.ADMIN, set(Role))],
)
def test_who_may_do_what(role: Role, covered: set[Role]) -> None:
    assert {needed for needed in Role if role.covers(needed)} == covered
