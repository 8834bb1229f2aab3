"""Subclasses of BaseTool (spec S142, S143)."""

from __future__ import annotations

from typing import Any, ClassVar

import anyio
import pydantic
import pytest

from chatkit.errors import InputError, InputTypeError
from chatkit.tools import BaseTool


class Lookup(BaseTool):
    name: str = "lookup"
    description: str = "Look up a word."
    table: dict[str, str]
    seen: list[str] = []
    LIMIT: ClassVar[int] = 3

    def _run(self, word: str) -> str:
        self.seen.append(word)
        return self.table.get(word, "unknown")


class Later(BaseTool):
    name: str = "later"
    description: str = "Async only."

    async def _arun(self, n: int) -> int:
        await anyio.sleep(0)
        return n + 1


def test_own_fields() -> None:
    lookup = Lookup(table={"a": "b"})
    assert lookup.invoke({"word": "a"}) == "b"
    assert lookup.args == {"word": {"type": "string"}}
    assert lookup.invoke({"type": "tool_call", "name": "lookup", "args": {"word": "x"}, "id": "1"}).content == "unknown"


def test_lists_are_not_shared() -> None:
    one, two = Lookup(table={}), Lookup(table={})
    one.invoke("a")
    assert (one.seen, two.seen) == (["a"], [])


def test_fields_replace_defaults() -> None:
    assert Lookup(table={}, name="find", return_direct=True).spec.name == "find"


def test_a_missing_field() -> None:
    with pytest.raises(InputError, match="Lookup needs 'table'"):
        Lookup()


def test_an_unknown_field() -> None:
    with pytest.raises(InputError, match="Lookup has no field 'tabel'; did you mean 'table'"):
        Lookup(tabel={})


def test_async_only() -> None:
    assert Later().invoke({"n": 1}) == 2
    assert anyio.run(Later().ainvoke, {"n": 1}) == 2
    assert Later().args == {"n": {"type": "integer"}}


@pytest.mark.anyio
async def test_sync_only_in_async_code() -> None:
    assert await Lookup(table={"a": "b"}).ainvoke("a") == "b"


def test_neither() -> None:
    class Empty(BaseTool):
        name: str = "empty"

    with pytest.raises(InputTypeError, match="neither _run nor _arun"):
        Empty().invoke({})


def test_args_schema() -> None:
    class Args(pydantic.BaseModel):
        n: int = pydantic.Field(5, description="How many")

    class Count(BaseTool):
        name: str = "count"
        description: str = "Count."
        args_schema: Any = Args

        def _run(self, n: int) -> int:
            return n

    assert Count().args == {"n": {"type": "integer", "description": "How many", "default": 5}}
    assert Count().invoke({}) == 5


def test_a_wrong_response_format() -> None:
    with pytest.raises(InputError, match="response_format must be"):
        Later(response_format="artifact")


class Counter(BaseTool):
    """Written as for LangChain, with pydantic's declarations."""

    name: str = "counter"
    description: str = "Count."
    step: int = pydantic.Field(default=2, description="How much is added.")
    seen: list[int] = pydantic.Field(default_factory=list[int])
    owner: str = pydantic.Field()
    _total: int = pydantic.PrivateAttr(default=10)

    def _run(self, times: int) -> int:
        self.seen.append(times)
        self._total += self.step * times
        return self._total


def test_fields_that_pydantic_declares() -> None:
    one, two = Counter(owner="ann"), Counter(owner="bob", step=5)
    assert (one.invoke({"times": 1}), one.invoke({"times": 1}), two.invoke({"times": 1})) == (12, 14, 15)
    assert (one.seen, two.seen, two.owner) == ([1, 1], [1], "bob")
    with pytest.raises(InputError, match="Counter needs 'owner'"):
        Counter()


def test_model_copy() -> None:
    lookup = Lookup(table={"a": "b"})
    copy = lookup.model_copy(update={"name": "find", "args_schema": {"type": "object", "properties": {"word": {}}}})
    assert (copy.name, copy.spec.name, lookup.name) == ("find", "find", "lookup")
    assert (copy.args, lookup.args) == ({"word": {}}, {"word": {"type": "string"}})
