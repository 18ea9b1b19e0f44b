"""One person's data: asked for, erased, corrected."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from system.schemas.campaigns import Name, Phone

Frozen = ConfigDict(frozen=True, extra="forbid")


class Person(BaseModel):
    """A person, by the number (E.164). In the body of a request, so that no log of addresses holds it."""

    model_config = Frozen

    phone: Phone


class PersonExport(BaseModel):
    """Everything stored of a person: one list of objects a part."""

    model_config = ConfigDict(frozen=True)

    number: str
    contacts: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    interactions: list[dict[str, Any]]
    refusals: list[dict[str, Any]]
    chats: list[dict[str, Any]]
    events: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    actions: list[dict[str, Any]]


class PersonErased(BaseModel):
    """How many contacts were erased; `left` names what still has the number, as `table.column`, with how many rows."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    contacts: int
    left: dict[str, int]


class NewConsent(BaseModel):
    """A person consents again. `proof` says how, and where that can be read again."""

    model_config = Frozen

    phone: Phone
    proof: Name
    given_at: AwareDatetime


class ConsentRecorded(BaseModel):
    """Whether a refusal was undone."""

    model_config = ConfigDict(frozen=True)

    undone: bool


class Correction(BaseModel):
    """What is to be changed of a contact; what is not given stays."""

    model_config = Frozen

    name: Name | None = None
    phone: Annotated[Phone | None, Field(description="E.164.")] = None
