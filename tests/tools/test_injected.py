"""Arguments that the application puts in (spec S133-S135)."""

from __future__ import annotations

import json
from typing import Annotated, Any, Optional, TypedDict

import pydantic
import pytest

from chatkit.errors import InputError
from chatkit.messages import ToolMessage
from chatkit.tools import BaseTool, InjectedToolArg, InjectedToolCallId, ToolRuntime, tool


class RunnableConfig(TypedDict, total=False):
    tags: list[str]


@tool
def remember(
    text: str,
    user: Annotated[str, InjectedToolArg],
    call_id: Annotated[str, InjectedToolCallId],
    config: RunnableConfig,
    limit: Annotated[int, InjectedToolArg()] = 9,
) -> Any:
    """Remember something."""
    return [text, user, call_id, config, limit]


CALL: dict[str, Any] = {"type": "tool_call", "name": "remember", "args": {"text": "hi", "user": "ann"}, "id": "call_1"}


def test_the_model_does_not_see_them() -> None:
    assert remember.args == {"text": {"type": "string"}}
    assert remember.tool_call_schema["required"] == ["text"]
    assert remember.injected == {"user": "argument", "call_id": "call_id", "config": "config", "limit": "argument"}


def test_all_are_put_in() -> None:
    message = remember.invoke(CALL, {"tags": ["a"]})
    text, user, call_id, config, limit = json.loads(message.content)
    assert (text, user, call_id, config["tags"], limit) == ("hi", "ann", "call_1", ["a"], 9)


def test_config_may_be_absent() -> None:
    assert remember.invoke(CALL).content == '["hi", "ann", "call_1", {}, 9]'


def test_a_missing_argument() -> None:
    with pytest.raises(InputError, match="injected argument 'user' is missing"):
        remember.invoke({**CALL, "args": {"text": "hi"}})


def test_the_id_needs_a_whole_call() -> None:
    with pytest.raises(
        ValueError, match=r"'call_id' is the id of the tool call; invoke the tool with a whole tool call: \{'type'"
    ):
        remember.invoke({"text": "hi", "user": "ann"})


def test_a_message_with_the_id() -> None:
    @tool
    def note(call_id: Annotated[str, InjectedToolCallId]) -> ToolMessage:
        """Note."""
        return ToolMessage("noted", tool_call_id=call_id)

    assert note.invoke({"type": "tool_call", "name": "note", "args": {}, "id": "c7"}).tool_call_id == "c7"


def test_optional_config_under_any_name() -> None:
    @tool
    def function(a: int, settings: Optional[RunnableConfig] = None) -> Any:  # noqa: UP045
        """Do it."""
        return settings

    assert list(function.args) == ["a"]
    assert function.invoke({"a": 1}, {"tags": ["x"]})["tags"] == ["x"]


def test_in_a_pydantic_schema() -> None:
    class Args(pydantic.BaseModel):
        """Save."""

        text: str
        user: Annotated[str, InjectedToolArg]

    @tool(args_schema=Args)
    def save(text: str, user: str) -> str:
        return f"{user}: {text}"

    assert save.tool_call_schema == {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    assert save.invoke({"text": "hi", "user": "ann"}) == "ann: hi"


def test_reserved_names_of_callbacks() -> None:
    class Old(BaseTool):
        name: str = "old"
        description: str = "An older tool."

        def _run(self, query: str, run_manager: Optional[CallbackManager] = None) -> str:  # noqa: F821, UP045  # type: ignore[name-defined]
            return f"{query} {run_manager}"

    assert Old().args == {"query": {"type": "string"}}
    assert Old().invoke({"query": "x"}) == "x None"


@tool
def ask(question: str, runtime: ToolRuntime[Any, Any]) -> Any:
    """Ask."""
    return [question, runtime.tool_call_id, (runtime.config or {}).get("tags"), runtime.state, runtime.context]


def test_a_runtime() -> None:
    call = {"type": "tool_call", "name": "ask", "args": {"question": "q"}, "id": "call_1"}
    assert ask.injected == {"runtime": "runtime"}
    assert ask.args == {"question": {"type": "string"}}
    assert json.loads(ask.invoke(call, {"tags": ["a"]}).content) == ["q", "call_1", ["a"], {}, None]
    assert ask.invoke({"question": "q"}) == ["q", None, None, {}, None]


def test_a_runtime_of_the_application_and_none_of_the_model() -> None:
    own = ToolRuntime[Any, Any](context={"user": "ann"})
    assert ask.invoke({"question": "q", "runtime": own}, tool_call_id="7").content == '["q", "7", null, {}, {"user": "ann"}]'
    assert own.tool_call_id is None, "the application's own stays as it is"
    assert ask.invoke({"question": "q", "runtime": {"context": "forged"}}) == ["q", None, None, {}, None]


def test_a_runtime_without_arguments_of_its_type_and_optional() -> None:
    @tool
    def where(runtime: ToolRuntime | None = None) -> Any:  # pyright: ignore[reportMissingTypeArgument,reportUnknownParameterType]
        """Where."""
        return runtime.tool_call_id if runtime else "nowhere"

    assert where.args == {}
    assert where.invoke({"type": "tool_call", "name": "where", "args": {}, "id": "call_1"}).content == "call_1"
