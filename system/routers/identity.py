"""Who is asking, by the bearer token that POST /login gave."""

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache

from fastapi import Depends, HTTPException, Request, status
from fastapi.params import Depends as Dependency
from fastapi.security import HTTPBearer

from system.config import get_settings
from system.db.access_tokens import Holder
from system.db.database import get_db
from system.domain.roles import Role
from system.services.access import Access
from system.services.passwords import Passwords

bearer = HTTPBearer(auto_error=False, description="The token that POST /login gives.")


@lru_cache(maxsize=1)
def get_passwords() -> Passwords:
    """What hashes and verifies, a few at once in this process."""
    return Passwords()


def get_access() -> Access:
    """The door.

    Raises:
        HTTPException: 503 while ADMIN_TOKEN_SECRET is not set: nobody can come in then, and everything goes on being sent.

    """
    settings = get_settings()
    if settings.admin_token_secret is None:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "ADMIN_TOKEN_SECRET is not set: nobody can log in")
    lifetime = timedelta(minutes=settings.admin_token_minutes)
    return Access(get_db(), settings.admin_token_secret.get_secret_value(), get_passwords(), lifetime=lifetime)


def bearer_holder(request: Request) -> Holder | None:
    """Whom the bearer token stands for."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return get_access().holder(token.strip()) if scheme.lower() == "bearer" else None


def allowed(role: Role) -> Dependency:
    """Lets a route be used by whoever sends the bearer token of a user with this role, or more."""
    return Depends(_with_role(role))  # type: ignore[no-any-return]


@lru_cache(maxsize=len(Role))
def _with_role(role: Role) -> Callable[[Request], Holder]:
    def holder_with_role(request: Request, _scheme: object = Depends(bearer)) -> Holder:
        holder = bearer_holder(request)
        if holder is None:
            raise HTTPException(status.HTTP_401_UNAUTHORIZED, "log in first", headers={"WWW-Authenticate": "Bearer"})
        if not holder.role.covers(role):
            raise HTTPException(status.HTTP_403_FORBIDDEN, f"this needs the role {role.value}")
        return holder

    return holder_with_role
