"""Who comes in: login, and the tokens that stand for it."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import jwt

from system.clock import utc_now
from system.db import access_tokens, action_log, known_addresses, login_attempts, users
from system.db.access_tokens import Holder
from system.db.database import Database
from system.services.passwords import Passwords
from system.services.ports import Clock

ALGORITHM = "HS256"
ISSUER = "campaigns"
WINDOW = timedelta(minutes=15)
LONGEST_SESSION = timedelta(hours=12)
# Of an account, from one address; and from all of those that it never came in from.
MOST_FOR_AN_ACCOUNT = 10
MOST_FROM_STRANGERS = 100
# Several people may share an address; and whoever shares one with strangers must not be shut out by them.
MOST_FOR_AN_ADDRESS = 50


class LoginRefusedError(Exception):
    """Unknown user, wrong password or disabled account; which of them is not told."""


class TooManyAttemptsError(Exception):
    """No attempt is looked at before `retry_after` seconds have passed."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many attempts, again in {retry_after} s")
        self.retry_after = retry_after


@dataclass(frozen=True)
class Issued:
    """A signed token, and for how many seconds it is good."""

    token: str
    seconds: int


def _both(name: str, address: str) -> str:
    return f"account:{name} address:{address}"


class Access:
    """Gives tokens against passwords, and tells whom a token stands for."""

    def __init__(
        self, db: Database, secret: str, passwords: Passwords, *, lifetime: timedelta, clock: Clock = utc_now
    ) -> None:
        self._db, self._secret, self._passwords = db, secret, passwords
        self._lifetime, self._clock = lifetime, clock

    def log_in(self, name: str, password: str, address: str) -> Issued:
        """A token for the user.

        Raises:
            LoginRefusedError: for anything that does not let in.
            TooManyAttemptsError: within a quarter of an hour, from the 11th attempt at an account from one address, the 101st from
                all of those that it never came in from, or the 51st of an address. From an address that it came in from lately,
                only its own 51st attempt is refused: strangers do not shut the account.

        """
        name = name.strip().lower()
        self._count_attempt(name, address)
        with self._db.transaction() as connection:
            user = users.by_name(connection, name)
        # Outside of a transaction: it takes long, on purpose.
        matches = self._passwords.matches(user.password_hash if user else None, password)
        issued = self._issue(user, password, address) if user and matches else None
        if issued is None:
            with self._db.transaction() as connection:
                action_log.record(connection, name[:64], "login refused", {"address": address})
            raise LoginRefusedError
        return issued

    def _count_attempt(self, name: str, address: str) -> None:
        now = self._clock()
        both = _both(name, address)
        with self._db.transaction() as connection:
            if known_addresses.is_known(connection, name, address, at=now):
                limits = {both: MOST_FOR_AN_ADDRESS}
            else:
                limits = {both: MOST_FOR_AN_ACCOUNT, f"account:{name}": MOST_FROM_STRANGERS}
                limits |= {f"address:{address}": MOST_FOR_AN_ADDRESS}
            counts = [
                # In one order everywhere: two attempts must not wait for each other.
                (most, *login_attempts.count(connection, subject, at=now, window=WINDOW))
                for subject, most in sorted(limits.items())
            ]
        for most, attempts, until in counts:
            if attempts > most:
                raise TooManyAttemptsError(max(1, round((until - now).total_seconds())))

    def _issue(self, user: users.User, password: str, address: str) -> Issued | None:
        now, token_id = self._clock(), uuid4()
        expires_at = now + self._lifetime
        fresh = self._passwords.hash(password) if self._passwords.is_outdated(user.password_hash) else None
        with self._db.transaction() as connection:
            if not access_tokens.issue(connection, token_id, user.id, expires_at=expires_at):
                return None
            if fresh is not None:
                users.rehash(connection, user.id, old=user.password_hash, new=fresh)
            login_attempts.forget(connection, _both(user.name, address))
            known_addresses.note(connection, user.id, address, at=now)
            action_log.record(connection, user.name, "login", {})
        return Issued(self._signed(token_id, user.id, now, expires_at), int(self._lifetime.total_seconds()))

    def _signed(self, token_id: UUID, user_id: int, now: datetime, expires_at: datetime) -> str:
        claims = {"iss": ISSUER, "sub": str(user_id), "jti": str(token_id), "iat": now, "exp": expires_at}
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def holder(self, token: str) -> Holder | None:
        """Whom the token stands for at this moment: the role is read from the database, not from the token."""
        options = {"require": ["exp", "iat", "iss", "jti", "sub"], "verify_exp": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, self._secret, algorithms=[ALGORITHM], issuer=ISSUER, options=options)  # type: ignore[arg-type]
            token_id = UUID(claims["jti"])
        except (jwt.InvalidTokenError, ValueError):
            return None
        # Expiry is the row's, by this system's own clock.
        with self._db.transaction() as connection:
            found = access_tokens.holder(connection, token_id, at=self._clock())
        return found if found is not None and str(found.user_id) == claims["sub"] else None

    def prolong(self, holder: Holder) -> None:
        """Lets the login of somebody who is at work last, as long as they have just begun, and half a day at most."""
        with self._db.transaction() as connection:
            access_tokens.prolong(
                connection, holder.token_id, until=self._clock() + self._lifetime, at_most=LONGEST_SESSION
            )

    def log_out(self, holder: Holder) -> None:
        """Revokes the token."""
        with self._db.transaction() as connection:
            access_tokens.revoke(connection, holder.token_id)
            action_log.record(connection, holder.name, "logout", {})

    def form_token(self, holder: Holder) -> str:
        """What a form of the page has to carry: another site cannot know it."""
        return hmac.new(self._secret.encode(), f"form:{holder.token_id}".encode(), "sha256").hexdigest()

    def knows_form_token(self, holder: Holder, given: str) -> bool:
        """Whether a form carries this login's token; in constant time."""
        return hmac.compare_digest(self.form_token(holder).encode(), given.encode(errors="replace"))
