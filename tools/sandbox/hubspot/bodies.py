"""What may be sent to HubSpot, as types; anything else is its 400."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

B = TypeVar("B", bound="Body")


class Wrong(Exception):
    """The request makes no sense to HubSpot (400)."""


class Body(BaseModel):
    """Part of a request: strict in its types; keys we do not know are ignored, as HubSpot does."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Filter(Body):
    propertyName: str
    operator: str
    value: str = ""


class Group(Body):
    filters: list[Filter] = Field(min_length=1, max_length=6)


class Search(Body):
    filterGroups: list[Group] = Field(default=[], max_length=5)
    properties: list[str] = []
    limit: int = Field(10, ge=1, le=200)


class Ref(Body):
    id: str


class Batch(Body):
    inputs: list[Ref] = Field(min_length=1, max_length=100)
    properties: list[str] = []


class Patch(Body):
    properties: dict[str, str]


class Kind(Body):
    associationCategory: str
    associationTypeId: int


class Association(Body):
    to: Ref
    types: list[Kind]


class NewNote(Patch):
    associations: list[Association] = []


def read(model: type[B], content: bytes) -> B:
    """The body as `model`; raises Wrong naming the first thing that does not fit."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise Wrong(f"Invalid input JSON: {where}: {first['msg']}") from None
