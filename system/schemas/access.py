"""Login."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from system.domain.roles import Role

UserName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Credentials(BaseModel):
    """Who somebody says to be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: UserName
    password: Annotated[SecretStr, Field(min_length=1, max_length=128)]


class Token(BaseModel):
    """What to send as `Authorization: Bearer …`, for `expires_in` seconds."""

    model_config = ConfigDict(frozen=True)

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 (a scheme's name)
    expires_in: int


class Me(BaseModel):
    """Whom the token stands for."""

    model_config = ConfigDict(frozen=True)

    name: str
    role: Role


class LoggedAction(BaseModel):
    """One line of the log: `actor` is a user's name, or `cli`."""

    model_config = ConfigDict(frozen=True)

    id: int
    done_at: datetime
    actor: str
    action: str
    detail: dict[str, Any]
