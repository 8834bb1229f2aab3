"""What `chatkit` and the modules that mirror LangChain's offer, and what loading them costs."""

from __future__ import annotations

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import chatkit

ROOT = Path(__file__).parent.parent
LAZY = ["chatkit", "chatkit.messages", "chatkit.tools"]
MIRRORS = {
    "chat_models": {"init_chat_model", "BaseChatModel"},
    "messages": set(
        """
        AIMessage AIMessageChunk AnyMessage HumanMessage SystemMessage ToolMessage MessageLikeRepresentation
        ToolCall ToolCallChunk InvalidToolCall ServerToolCall ServerToolCallChunk ServerToolResult
        UsageMetadata InputTokenDetails OutputTokenDetails Annotation Citation NonStandardAnnotation
        ContentBlock DataContentBlock TextContentBlock ReasoningContentBlock ImageContentBlock AudioContentBlock
        VideoContentBlock FileContentBlock PlainTextContentBlock NonStandardContentBlock
        trim_messages filter_messages merge_message_runs convert_to_openai_messages get_buffer_string
        """.split()
    ),
    "tools": {"tool", "BaseTool", "StructuredTool", "InjectedToolArg", "InjectedToolCallId", "ToolException"},
    "rate_limiters": {"BaseRateLimiter", "InMemoryRateLimiter"},
    "callbacks": {"BaseCallbackHandler", "AsyncCallbackHandler", "UsageMetadataCallbackHandler", "get_usage_metadata_callback"},
    "runnables": {"Runnable", "RunnableConfig", "RunnableLambda", "RunnableSequence"},
    "caches": {"InMemoryCache"},
}
"""Names that programs import from LangChain's modules of the same name (spec S243)."""


def for_type_checkers(module: str) -> dict[str, str]:
    """Names that a lazy module imports for type checkers only, and from where."""
    tree = ast.parse(Path(importlib.import_module(module).__file__ or "").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name: node.module or "" for node in imports for alias in node.names}


@pytest.mark.parametrize("name", LAZY)
def test_editors_see_what_is_loaded(name: str) -> None:
    module = importlib.import_module(name)
    typed = {shown: home for shown, home in for_type_checkers(name).items() if home != "chatkit"}
    assert typed == module._MODULE_OF
    assert set(typed) <= set(module.__all__)


@pytest.mark.parametrize("name", ["chatkit", *(f"chatkit.{mirror}" for mirror in MIRRORS)])
def test_every_public_name_exists_and_no_other(name: str) -> None:
    module = importlib.import_module(name)
    for shown in module.__all__:
        assert getattr(module, shown) is not None
    assert len(set(module.__all__)) == len(module.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        module.no_such_name  # noqa: B018


@pytest.mark.parametrize("mirror", MIRRORS)
def test_programs_port_by_changing_imports(mirror: str) -> None:
    assert MIRRORS[mirror] <= set(importlib.import_module(f"chatkit.{mirror}").__all__)


def test_no_submodule_hides_a_public_name() -> None:
    """Loading `chatkit.x` sets `chatkit.x`, whatever that meant before."""
    files = {path.stem for path in (ROOT / "chatkit").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert files & set(chatkit.__all__) == {"errors", "events"}
    assert set(dir(chatkit)) == set(chatkit.__all__)


def run(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "providers")])}
    return subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True).stdout


def test_importing_loads_no_machinery() -> None:
    loaded = set(run("import chatkit, sys; print(*sys.modules)").split())
    assert "chatkit" in loaded
    assert not loaded & {"httpx", "httpx2", "httpcore", "h11", "anyio", "asyncio", "trio", "pydantic", "ssl", "socket"}


def milliseconds(code: str) -> float:
    """CPU time of some code in a new process, at best of five: other work on the machine only ever adds."""
    timed = f"import time; start = time.process_time()\n{code}\nprint((time.process_time() - start) * 1000)"
    return min(float(run(timed)) for _ in range(5))


def test_importing_is_cheap() -> None:
    assert milliseconds("import chatkit") < 60
    assert milliseconds("from chatkit import init_chat_model\ninit_chat_model('openai:gpt-5', api_key='k')") < 200
    assert milliseconds("from chatkit import init_chat_model\ninit_chat_model('claude-sonnet-4-5', api_key='k')") < 200
