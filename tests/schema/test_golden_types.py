"""Types: our schemas mean what pydantic's and msgspec's own generators say. No postponed annotations: as users write."""

import datetime
import decimal
import enum
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, Optional, Required, TypeVar, Union

import msgspec
import pydantic
import pytest
from msgspec import Meta, Struct
from typing_extensions import TypedDict

from chatkit.schema import schema_of_type
from tests.schema.golden import canonical

T = TypeVar("T")
UserId = NewType("UserId", int)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    """How large."""

    SMALL = 1
    LARGE = 2


class Actor(TypedDict):
    """Somebody who plays."""

    name: str
    role: str


class Loose(TypedDict, total=False):
    name: Required[str]
    age: int


class Strict(TypedDict):
    name: str
    age: NotRequired[int]


class More(Loose):
    kind: Literal["a", "b"]


class Movie(TypedDict):
    title: str
    cast: list[Actor]
    budget: float | None


@dataclass
class Point:
    x: int
    y: int = 0


@dataclass
class Line:
    """From here to there."""

    start: Point
    end: Point
    labels: list[str] = field(default_factory=list)
    color: Color = Color.RED


@dataclass
class Tree:
    value: int
    children: list["Tree"] = field(default_factory=list)


@dataclass
class Box(Generic[T]):
    item: T
    spare: list[T] = field(default_factory=list)


class Pair(NamedTuple):
    left: int
    right: str = "r"


class City(Struct):
    """A city."""

    name: str
    people: Annotated[int, Meta(ge=0)]
    tags: list[str] = []
    mayor: str | None = None


class Renamed(Struct, rename="camel"):
    first_name: str
    last_name: str = ""


class Tagged(Struct, tag="t", forbid_unknown_fields=True):
    n: int


class Node(Struct):
    value: int
    next: Optional["Node"] = None


class Model(pydantic.BaseModel):
    """A model."""

    name: str = pydantic.Field(description="Its name", min_length=1)
    color: Color = Color.RED
    parts: list["Part"] = []


class Part(pydantic.BaseModel):
    size: Annotated[int, pydantic.Field(gt=0, description="In mm")]
    below: Optional["Part"] = None


Model.model_rebuild()

BOTH = ("pydantic", "msgspec")
PYDANTIC = ("pydantic",)
MSGSPEC = ("msgspec",)

CASES: list[tuple[Any, tuple[str, ...]]] = [
    (str, BOTH),
    (int, BOTH),
    (float, BOTH),
    (bool, BOTH),
    (None, BOTH),
    (Any, BOTH),
    (bytes, MSGSPEC),
    (datetime.datetime, PYDANTIC),
    (datetime.date, BOTH),
    (datetime.time, PYDANTIC),
    (datetime.timedelta, BOTH),
    (uuid.UUID, BOTH),
    (decimal.Decimal, MSGSPEC),
    (list, BOTH),
    (list[int], BOTH),
    (list[list[str]], BOTH),
    (Sequence[float], BOTH),
    (set[str], BOTH),
    (frozenset[int], BOTH),
    (tuple[int, ...], BOTH),
    (tuple[int, str], BOTH),
    (dict, BOTH),
    (dict[str, int], BOTH),
    (dict[str, Any], BOTH),
    (Mapping[str, list[bool]], BOTH),
    (int | None, BOTH),
    (Optional[str], BOTH),  # noqa: UP045
    (Union[int, str], BOTH),  # noqa: UP007
    (int | str | None, BOTH),
    (list[int | None], BOTH),
    (dict[str, float | None], BOTH),
    (Literal["a"], BOTH),
    (Literal["a", "b"], BOTH),
    (Literal[1, 2, 3], BOTH),
    (Literal["a", 1], BOTH),
    (Literal["a", "b"] | None, BOTH),
    (Color, BOTH),
    (Size, BOTH),
    (list[Color], BOTH),
    (UserId, BOTH),
    (Annotated[int, Meta(ge=1, le=9)], MSGSPEC),
    (Annotated[float, Meta(gt=0, lt=1)], MSGSPEC),
    (Annotated[str, Meta(min_length=1, max_length=5, pattern="^a")], MSGSPEC),
    (Annotated[list[int], Meta(min_length=1, max_length=3)], MSGSPEC),
    (Annotated[dict[str, int], Meta(min_length=1)], MSGSPEC),
    (Annotated[int, Meta(multiple_of=5)], MSGSPEC),
    (Annotated[int, pydantic.Field(ge=1, le=9)], PYDANTIC),
    (Annotated[str, pydantic.Field(min_length=2, pattern="^[a-z]+$")], PYDANTIC),
    (Annotated[list[str], pydantic.Field(max_length=4)], PYDANTIC),
    (Annotated[int, pydantic.Field(description="A number")], PYDANTIC),
    (list[Annotated[int, pydantic.Field(gt=0)]], PYDANTIC),
    (Actor, BOTH),
    (Loose, BOTH),
    (Strict, BOTH),
    (More, BOTH),
    (Movie, BOTH),
    (list[Movie], BOTH),
    (Point, BOTH),
    (Line, BOTH),
    (Tree, BOTH),
    (Box[int], BOTH),
    (Box[Color], BOTH),
    (City, MSGSPEC),
    (Renamed, MSGSPEC),
    (Tagged, MSGSPEC),
    (Node, MSGSPEC),
    (Model, PYDANTIC),
    (Part, PYDANTIC),
    (list[Model], PYDANTIC),
    (Union[Part, Point], PYDANTIC),  # noqa: UP007
]


def oracle(name: str, annotation: Any) -> dict[str, Any]:
    if name == "msgspec":
        return msgspec.json.schema(annotation)
    return pydantic.TypeAdapter(annotation).json_schema()


@pytest.mark.parametrize(
    ("annotation", "name"), [(annotation, name) for annotation, names in CASES for name in names], ids=lambda value: str(value)
)
def test_means_the_same(annotation: Any, name: str) -> None:
    assert canonical(schema_of_type(annotation)) == canonical(oracle(name, annotation))


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60


def test_named_tuples_are_objects_by_name() -> None:
    """The other generators make arrays of them; models do better with names."""
    assert canonical(schema_of_type(Pair)) == {
        "type": "object",
        "properties": {"left": {"type": "integer"}, "right": {"type": "string", "default": "r"}},
        "required": ["left"],
    }
