"""A second resource, with a field of each type and a rule."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, NotRequired, TypedDict

from pydantic import AfterValidator, Field

from app.domain.resource import ResourceError, resource_type


def each_once(labels: list[str]) -> list[str]:
    if len(set(labels)) < len(labels):
        raise ValueError("each label may be there once")
    return labels


class Parcel(TypedDict):
    """What is sent: an object in a list."""

    carrier: Literal["post", "bike"]
    postage: Annotated[Decimal, Field(ge=0, decimal_places=2)]
    sent: NotRequired[datetime]


@dataclass(frozen=True, slots=True)
class Invoice:
    owner: str
    id: int
    lines: Annotated[dict[str, Annotated[int, Field(ge=1)]], Field(min_length=1)]
    price: Annotated[Decimal, Field(ge=0)]
    due: datetime
    note: Annotated[str, Field(max_length=100)] | None = None
    reminders: list[datetime] | None = None
    paid: bool = False
    tags: list[str] = field(default_factory=list)
    parcels: list[Parcel] | None = None
    state: Literal["open", "closed"] | None = None
    labels: Annotated[list[str], AfterValidator(each_once)] | None = None
    version: int = 1


class AlreadyDue(ResourceError):
    """An invoice is due in the future."""


class AlreadyPaid(ResourceError):
    """A paid invoice stays as it is."""


def check(before: Invoice | None, after: Invoice | None, now: datetime) -> None:
    if after and before is None and after.due < now:
        raise AlreadyDue("invoice", after.id, "would be due in the past")
    if before and before.paid:
        raise AlreadyPaid("invoice", before.id, "is paid")


INVOICE = resource_type("invoice", Invoice, check=check)
