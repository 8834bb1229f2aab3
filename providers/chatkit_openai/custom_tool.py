"""Free-form tools: the model writes a text, not JSON (wire sheet: openai_responses; spec S161)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from chatkit.tools import tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.tools import StructuredTool

__all__ = ["custom_tool"]


@overload
def custom_tool(function: Callable[..., Any], /) -> StructuredTool: ...


@overload
def custom_tool(*, format: dict[str, Any] | None = None, **options: Any) -> Callable[[Callable[..., Any]], StructuredTool]: ...


def custom_tool(function: Callable[..., Any] | None = None, /, *, format: dict[str, Any] | None = None, **options: Any) -> Any:
    """Make a free-form tool of a function, sync or async, that takes one text.

    Args:
        function: the function.
        format: what the text may be, e.g. {"type": "grammar", "syntax": "lark", "definition": "..."}; anything by default.
        options: as `tool` has them.
    """
    extras = {"type": "custom", **({"format": format} if format is not None else {})}
    make = tool(infer_schema=False, extras=extras, **options)
    return make if function is None else make(function)
