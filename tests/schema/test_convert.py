"""JSON values into declared types: what is accepted, and how errors read."""

import collections
import datetime
import enum
import pathlib
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, TypeVar

import pydantic
import pytest
from msgspec import Meta, Struct
from typing_extensions import TypedDict

from chatkit.schema import Misfit, convert

T = TypeVar("T")
UserId = NewType("UserId", int)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Dog:
    name: str
    age: int = 0


@dataclass
class Cat:
    name: str
    lives: int = 9


@dataclass
class Home:
    pets: list[Dog | Cat] = field(default_factory=list)


@dataclass
class Box(Generic[T]):
    item: T


@dataclass
class Positive:
    n: int

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError("n must not be negative")


class Entry(TypedDict):
    key: str
    size: NotRequired[Annotated[int, Meta(ge=0)]]
    weight: Annotated[float, 1.5, "In kg"]


class City(Struct, rename="camel"):
    city_name: str
    people: Annotated[int, Meta(ge=0)] = 0


class Closed(Struct, forbid_unknown_fields=True, tag="closed"):
    n: int


class Point(NamedTuple):
    x: int
    y: int = 0


class Model(pydantic.BaseModel):
    n: int = pydantic.Field(ge=1)
    inner: "Model | None" = None


GOOD: list[tuple[Any, Any, Any]] = [
    ("x", str, "x"),
    (3, int, 3),
    ("3", int, 3),
    (3.0, int, 3),
    ("2.5", float, 2.5),
    (3, float, 3.0),
    ("true", bool, True),
    (None, int | None, None),
    ("null", str | None, "null"),
    ("5", int | str, "5"),
    (5, int | str, 5),
    ("5", int | None, 5),
    (["1", 2], list[int], [1, 2]),
    (["a", "a"], set[str], {"a"}),
    ([1, "a"], tuple[int, str], (1, "a")),
    ([1, 2], tuple[int, ...], (1, 2)),
    ([1], collections.deque[int], collections.deque([1])),
    ({"a": "1"}, dict[str, int], {"a": 1}),
    ({"1": "a"}, dict[int, str], {1: "a"}),
    ({"a": 1}, dict, {"a": 1}),
    ("red", Color, Color.RED),
    (2, Level, Level.HIGH),
    ("2", Level, Level.HIGH),
    ("a", Literal["a", "b"], "a"),
    ("1", Literal[1, 2], 1),
    ("red", Literal[Color.RED], Color.RED),
    (7, UserId, 7),
    ("/tmp/x", pathlib.Path, pathlib.Path("/tmp/x")),
    ("2024-05-01", datetime.date, datetime.date(2024, 5, 1)),
    ({"name": "Rex", "age": "3"}, Dog, Dog("Rex", 3)),
    ({"name": "Tom", "lives": 7}, Dog | Cat, Cat("Tom", 7)),
    ({"name": "Rex"}, Dog | Cat, Dog("Rex")),
    ({"pets": [{"name": "Tom", "lives": 1}, {"name": "Rex", "age": 2}]}, Home, Home([Cat("Tom", 1), Dog("Rex", 2)])),
    ({"item": "4"}, Box[int], Box(4)),
    ({"cityName": "Rome", "people": 5}, City, City("Rome", 5)),
    ({"type": "closed", "n": 1}, Closed, Closed(1)),
    ({"x": 1}, Point, Point(1, 0)),
    ({"n": 2, "inner": {"n": 1}}, Model, Model(n=2, inner=Model(n=1))),
    ([{"n": 2}], list[Model], [Model(n=2)]),
    ({"key": "k"}, Entry, {"key": "k", "weight": 1.5}),
    ({"key": "k", "weight": 2, "else": 1}, Entry, {"key": "k", "weight": 2.0, "else": 1}),
    (Dog("Rex"), Dog, Dog("Rex")),
    ({"anything": [1]}, Any, {"anything": [1]}),
]


@pytest.mark.parametrize(("value", "annotation", "expected"), GOOD, ids=lambda value: str(value)[:40])
def test_fits(value: Any, annotation: Any, expected: Any) -> None:
    got = convert(value, annotation)
    assert got == expected
    assert type(got) is type(expected)


BAD: list[tuple[Any, Any, list[str]]] = [
    (3, str, ["Expected `str`, got `int`"]),
    ("x", int, ["Expected `int`, got `str`"]),
    (3.5, int, ["Expected `int`, got `float`"]),
    (None, int, ["Expected `int`, got `null`"]),
    (["x", 1, "y"], list[int], ["[0]: Expected `int`, got `str`", "[2]: Expected `int`, got `str`"]),
    ("[1]", list[int], ["Expected `array`, got `str`"]),
    ([1], tuple[int, int], ["Expected `array` of length 2, got 1"]),
    ({"a": "x"}, dict[str, int], ["a: Expected `int`, got `str`"]),
    ([], dict[str, int], ["Expected `object`, got `list`"]),
    ("green", Color, ["must be one of 'red', 'blue', not 'green'"]),
    ("c", Literal["a", "b"], ["must be one of 'a', 'b', not 'c'"]),
    (True, Literal[1], ["must be one of 1, not True"]),
    ({"age": "x"}, Dog, ["name: is required but missing", "age: Expected `int`, got `str`"]),
    ({"pets": [{"name": 1, "age": 2}]}, Home, ["pets[0].name: Expected `str`, got `int`"]),
    ({"cityName": "R", "people": -1}, City, ["people: Expected `int` >= 0"]),
    ({"n": 1, "m": 2}, Closed, ["has unknown keys ['m']"]),
    ({"type": "open", "n": 1}, Closed, ["type: must be 'closed', not 'open'"]),
    ({"n": -1}, Positive, ["n must not be negative"]),
    (
        {"n": 0, "inner": {"n": "x"}},
        Model,
        [
            "n: Input should be greater than or equal to 1",
            "inner.n: Input should be a valid integer, unable to parse string as an integer",
        ],
    ),
    ({"key": "k", "size": -1}, Entry, ["size: Expected `int` >= 0"]),
    ("abc", Annotated[str, Meta(max_length=2)], ["Expected `str` of length <= 2"]),
    ([], Annotated[list[int], Meta(min_length=1)], ["Expected `array` of length >= 1"]),
    ("x", int | None, ["Expected `int`, got `str`"]),
    ([], int | str, ["Expected `int`, got `array`", "Expected `str`, got `array`"]),
]


@pytest.mark.parametrize(("value", "annotation", "errors"), BAD, ids=lambda value: str(value)[:40])
def test_misfits(value: Any, annotation: Any, errors: list[str]) -> None:
    with pytest.raises(Misfit) as caught:
        convert(value, annotation)
    assert caught.value.errors == errors


def test_pydantics_error_is_the_cause() -> None:
    with pytest.raises(Misfit) as caught:
        convert([{"n": 0}], list[Model])
    assert isinstance(caught.value.__cause__, pydantic.ValidationError)
    assert caught.value.errors == ["[0].n: Input should be greater than or equal to 1"]


def test_null_for_a_default_of_none() -> None:
    @dataclass
    class Query:
        text: str = None  # type: ignore[assignment]

    assert convert({"text": None}, Query) == Query()
