"""Functions: our schemas mean what pydantic's `TypeAdapter` says of their arguments."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, Optional

import pydantic
import pytest
from pydantic import Field
from typing_extensions import TypedDict

from chatkit.schema import read_function
from chatkit.schema.shapes import fields_schema
from tests.schema.golden import canonical_object


class Unit(enum.Enum):
    CELSIUS = "c"
    KELVIN = "k"


class Query(TypedDict):
    words: list[str]
    limit: int


@dataclass
class Place:
    city: str
    country: str = "US"


class Address(pydantic.BaseModel):
    street: str
    number: int | None = None


class Branch(pydantic.BaseModel):
    name: str
    below: list["Branch"] = []


def nothing() -> None: ...
def one(location: str) -> str: ...
def defaults(location: str, days: int = 3, detailed: bool = False) -> str: ...
def optional(location: str, unit: str | None = None) -> str: ...
def older_optional(location: Optional[str], unit: Optional[int] = None) -> str: ...  # noqa: UP045
def literal(unit: Literal["c", "f"] = "c") -> str: ...
def enumeration(unit: Unit, units: list[Unit]) -> str: ...
def enumeration_default(unit: Unit = Unit.CELSIUS) -> str: ...
def nested(query: Query) -> str: ...
def data(place: Place, places: list[Place]) -> str: ...
def model(address: Address) -> str: ...
def model_or_nothing(address: Address | None = None) -> str: ...
def recursive(branch: Branch) -> str: ...
def field(days: Annotated[int, Field(ge=1, le=14, description="How many days")]) -> str: ...
def field_default(days: int = Field(3, ge=1, description="How many days")) -> str: ...
def keyword_only(*, a: int, b: float = 1.5) -> str: ...
def unannotated(a, b=2) -> str: ...  # type: ignore[no-untyped-def]
def anything(value: Any) -> str: ...
def lists(xs: list[float], rows: list[list[int]]) -> str: ...
def maps(counts: dict[str, int], more: dict[str, Any]) -> str: ...
def union(value: int | str | list[str]) -> str: ...
async def asynchronous(location: str) -> str: ...


class Holder:
    def method(self, a: int, b: str = "x") -> str: ...

    @classmethod
    def on_class(cls, a: int) -> str: ...

    @staticmethod
    def static(a: int) -> str: ...


FUNCTIONS: list[Callable[..., Any]] = [
    nothing,
    one,
    defaults,
    optional,
    older_optional,
    literal,
    enumeration,
    enumeration_default,
    nested,
    data,
    model,
    model_or_nothing,
    recursive,
    field,
    field_default,
    keyword_only,
    unannotated,
    anything,
    lists,
    maps,
    union,
    asynchronous,
    Holder().method,
    Holder.on_class,
    Holder.static,
    partial(defaults, days=5),
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda value: getattr(value, "__name__", "partial"))
def test_means_the_same(function: Callable[..., Any]) -> None:
    ours = fields_schema(read_function(function, describe=False))
    assert canonical_object(ours) == canonical_object(pydantic.TypeAdapter(function).json_schema())


def test_there_are_enough_cases() -> None:
    from tests.schema.test_golden_types import CASES

    assert len(FUNCTIONS) + len(CASES) >= 80


def test_var_arguments_are_no_properties() -> None:
    def function(a: int, *rest: int, **more: str) -> None: ...

    assert list(fields_schema(read_function(function))["properties"]) == ["a"]


def test_partial_argument_is_no_longer_required() -> None:
    assert fields_schema(read_function(partial(one, location="x")))["properties"]["location"] == {
        "type": "string",
        "default": "x",
    }
