"""Who comes in, who no longer does, and how often somebody may try."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from argon2 import PasswordHasher

from system.db.database import Database
from system.domain.roles import Role
from system.services import users
from system.services.access import (
    MOST_FOR_AN_ACCOUNT,
    MOST_FOR_AN_ADDRESS,
    MOST_FROM_STRANGERS,
    Access,
    LoginRefusedError,
    TooManyAttemptsError,
)
from system.services.passwords import PasswordError, Passwords
from system.services.users import UserError
from tests.unit.system.bench import Bench
from tests.unit.system.fakes import FakeClock

pytestmark = pytest.mark.real
SECRET = "s" * 32
GOOD = "correct horse battery"
# The cheapest parameters that Argon2 takes: what is tried here is not how long they last.
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Door:
    def __init__(self, db: Database, secret: str = SECRET) -> None:
        self.clock = FakeClock()
        self.access = Access(db, secret, CHEAP, lifetime=timedelta(minutes=30), clock=self.clock.utc)

    def token(self, name: str = "anne", password: str = GOOD, address: str = "192.0.2.1") -> str:
        return self.access.log_in(name, password, address).token


@pytest.fixture
def door(db: Database) -> Door:
    users.add_user(db, CHEAP, "anne", Role.OPERATOR, GOOD)
    return Door(db)


def test_the_right_password_opens(door: Door) -> None:
    holder = door.access.holder(door.token(" Anne "))
    assert holder is not None
    assert (holder.name, holder.role) == ("anne", Role.OPERATOR)


@pytest.mark.parametrize(("name", "password"), [("anne", "another password"), ("nobody", GOOD), ("", ""), ("anne", "")])
def test_anything_else_does_not(door: Door, bench: Bench, name: str, password: str) -> None:
    with pytest.raises(LoginRefusedError):
        door.token(name, password)
    assert bench.execute("SELECT id FROM access_tokens") == []
    assert bench.execute("SELECT actor, action FROM action_log ORDER BY id DESC LIMIT 1") == [
        {"actor": name, "action": "login refused"}
    ]


def test_a_token_ends_in_time(door: Door) -> None:
    token = door.token()
    door.clock.now += timedelta(minutes=30)
    assert door.access.holder(token) is None


def test_a_logout_revokes_one_token(door: Door) -> None:
    first, second = door.token(), door.token()
    holder = door.access.holder(first)
    assert holder is not None
    door.access.log_out(holder)
    assert door.access.holder(first) is None
    assert door.access.holder(second) is not None


def test_a_disabled_user_is_out_at_once_and_stays_out(door: Door, db: Database) -> None:
    token = door.token()
    assert users.enable_user(db, "anne", enabled=False) == 1
    assert door.access.holder(token) is None
    with pytest.raises(LoginRefusedError):
        door.token()
    users.enable_user(db, "anne", enabled=True)
    # What was revoked stays so.
    assert door.access.holder(token) is None
    assert door.access.holder(door.token()) is not None


def test_a_disabled_user_is_refused_even_where_a_token_was_not_revoked(door: Door, bench: Bench) -> None:
    token = door.token()
    bench.execute("UPDATE users SET enabled = false")
    assert door.access.holder(token) is None


def test_another_password_ends_what_the_old_one_opened(door: Door, db: Database) -> None:
    token = door.token()
    assert users.change_password(db, CHEAP, "anne", "quite another one") == 1
    assert door.access.holder(token) is None
    with pytest.raises(LoginRefusedError):
        door.token()
    door.token(password="quite another one")


def test_a_role_is_what_the_database_says_now(door: Door, bench: Bench) -> None:
    token = door.token()
    bench.execute("UPDATE users SET role = 'reader'")
    holder = door.access.holder(token)
    assert holder is not None
    assert holder.role is Role.READER


def forged(token: str) -> list[str]:
    claims = jwt.decode(token, options={"verify_signature": False})
    head, body, signature = token.split(".")
    return [
        "",
        "not.a.token",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[::-1]}",
        jwt.encode(claims, "t" * 32, algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, SECRET * 2, algorithm="HS512"),
        jwt.encode(claims | {"iss": "another"}, SECRET, algorithm="HS256"),
        jwt.encode(claims | {"jti": str(uuid4())}, SECRET, algorithm="HS256"),
        jwt.encode(claims | {"jti": "x"}, SECRET, algorithm="HS256"),
        jwt.encode(claims | {"sub": "0"}, SECRET, algorithm="HS256"),
        jwt.encode({"jti": claims["jti"]}, SECRET, algorithm="HS256"),
    ]


def test_no_forged_token_opens(door: Door) -> None:
    token = door.token()
    assert [door.access.holder(attempt) for attempt in forged(token)] == [None] * 12
    assert door.access.holder(token) is not None


def test_attempts_at_an_account_from_one_address_are_limited_in_every_process(door: Door, db: Database) -> None:
    doors = [Door(db), Door(db)]
    for number in range(MOST_FOR_AN_ACCOUNT):
        with pytest.raises(LoginRefusedError):
            doors[number % 2].token(password="wrong")
    with pytest.raises(TooManyAttemptsError) as refused:
        doors[0].token()
    assert 1 <= refused.value.retry_after <= 900
    doors[0].clock.now += timedelta(seconds=refused.value.retry_after + 1)
    assert doors[0].token()


def attacked(door: Door) -> None:
    """Strangers try the account from as many addresses as they need."""
    for number in range(MOST_FROM_STRANGERS):
        with pytest.raises((LoginRefusedError, TooManyAttemptsError)):
            door.token(password="wrong", address=f"198.51.100.{number}")
    with pytest.raises(TooManyAttemptsError):
        door.token(address="198.51.100.200")


def test_strangers_do_not_shut_an_account_for_an_address_it_came_in_from(door: Door) -> None:
    door.token()
    attacked(door)
    assert door.token()
    door.clock.now += timedelta(days=91)
    attacked(door)
    # Seen too long ago.
    with pytest.raises(TooManyAttemptsError):
        door.token()


def test_who_shares_an_address_with_strangers_comes_in_as_well(door: Door) -> None:
    door.token()
    for number in range(MOST_FOR_AN_ADDRESS):
        with pytest.raises((LoginRefusedError, TooManyAttemptsError)):
            door.token(name=f"nobody{number}", password="wrong")
    for _ in range(MOST_FOR_AN_ACCOUNT + 1):
        with pytest.raises(LoginRefusedError):
            door.token(password="wrong")
    assert door.token()


def test_a_known_address_may_not_try_for_ever(door: Door) -> None:
    door.token()
    for _ in range(MOST_FOR_AN_ADDRESS):
        with pytest.raises(LoginRefusedError):
            door.token(password="wrong")
    with pytest.raises(TooManyAttemptsError):
        door.token()


def test_a_refused_password_makes_no_address_known(door: Door, bench: Bench) -> None:
    with pytest.raises(LoginRefusedError):
        door.token(password="wrong")
    assert bench.execute("SELECT * FROM known_addresses") == []


def test_attempts_of_an_address_are_limited(door: Door) -> None:
    for number in range(MOST_FOR_AN_ADDRESS):
        with pytest.raises(LoginRefusedError):
            door.token(name=f"nobody{number}")
    with pytest.raises(TooManyAttemptsError):
        door.token()
    assert door.token(address="192.0.2.2")


def test_attempts_made_at_once_are_all_counted(door: Door) -> None:
    def attempt(_: int) -> type[Exception]:
        with pytest.raises((LoginRefusedError, TooManyAttemptsError)) as refused:
            door.token(password="wrong")
        return refused.type

    with ThreadPoolExecutor(8) as pool:
        kinds = list(pool.map(attempt, range(2 * MOST_FOR_AN_ACCOUNT)))
    assert kinds.count(LoginRefusedError) == MOST_FOR_AN_ACCOUNT


def test_a_success_starts_the_account_again(door: Door) -> None:
    for _ in range(3):
        for _ in range(MOST_FOR_AN_ACCOUNT - 1):
            with pytest.raises(LoginRefusedError):
                door.token(password="wrong")
        # The address is counted all the same.
        door.token()


def test_a_hash_of_weaker_parameters_is_replaced(db: Database, bench: Bench) -> None:
    weak = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=16))
    users.add_user(db, weak, "anne", Role.READER, GOOD)
    (before,) = bench.execute("SELECT password_hash FROM users")
    door = Door(db)
    door.token()
    (after,) = bench.execute("SELECT password_hash FROM users")
    assert before != after
    assert CHEAP.matches(str(after["password_hash"]), GOOD)


@pytest.mark.parametrize("name", ["", "Anne", "a b", "é", "-a", "a" * 65, "a\n"])
def test_a_strange_name_is_refused(db: Database, name: str) -> None:
    with pytest.raises(UserError):
        users.add_user(db, CHEAP, name, Role.READER, GOOD)


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 129])
def test_a_password_has_a_length(db: Database, password: str) -> None:
    with pytest.raises(PasswordError):
        users.add_user(db, CHEAP, "anne", Role.READER, password)
    assert users.list_users(db) == []


def test_a_name_is_one_user_s(door: Door, db: Database) -> None:
    with pytest.raises(UserError, match="exists already"):
        users.add_user(db, CHEAP, "anne", Role.ADMIN, GOOD)


def test_there_is_nothing_to_change_of_nobody(db: Database) -> None:
    with pytest.raises(UserError, match="no such user"):
        users.enable_user(db, "nobody", enabled=False)
    with pytest.raises(UserError, match="no such user"):
        users.change_password(db, CHEAP, "nobody", GOOD)


def test_passwords_are_hashed_by_argon2id_and_never_shown(door: Door, db: Database) -> None:
    (user,) = users.list_users(db)
    assert user.password_hash.startswith("$argon2id$")
    assert user.password_hash not in repr(user)
    assert not CHEAP.matches("no hash at all", GOOD)
