"""Which beta features a request uses, so that nobody has to name them (wire sheet: anthropic §1; spec S196)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.jsons import as_object, is_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["all_betas"]

_OF_TOOL_TYPES = {
    "web_fetch_20250910": "web-fetch-2025-09-10",
    "code_execution_20250522": "code-execution-2025-05-22",
    "mcp_toolset": "mcp-client-2025-11-20",
    "memory_20250818": "context-management-2025-06-27",
    "computer_20250124": "computer-use-2025-01-24",
    "computer_20251124": "computer-use-2025-11-24",
    "tool_search_tool_regex_20251119": "advanced-tool-use-2025-11-20",
    "tool_search_tool_bm25_20251119": "advanced-tool-use-2025-11-20",
    "advisor_20260301": "advisor-tool-2026-03-01",
}
_OF_FIELDS = {
    "fallbacks": "server-side-fallback-2026-07-01",
    "user_profile_id": "user-profiles-2026-03-24",
    "compaction": "compact-2026-09-04",
    "thread": "message-threads-2026-08-12",
}
_OF_BLOCK_TYPES = {
    "container_upload": "files-api-2025-04-14",
    "tool_addition": "mid-conversation-tool-changes-2026-07-01",
    "tool_removal": "mid-conversation-tool-changes-2026-07-01",
}


def all_betas(given: Iterable[str], fields: dict[str, Any]) -> list[str]:
    """The betas that the user gave, then those that the request's fields need.

    One that is needed is left out when the user gave another date of the same feature.
    """
    betas = list(dict.fromkeys(given))
    features = {_feature(beta) for beta in betas}
    needed = [*_of_tools(fields), *_of_fields(fields), *_of_messages(fields)]
    return [*betas, *(beta for beta in dict.fromkeys(needed) if _feature(beta) not in features)]


def _feature(beta: str) -> str:
    """`mcp-client` of `mcp-client-2025-11-20`."""
    return beta.rsplit("-", 3)[0]


def _of_tools(fields: dict[str, Any]) -> Iterator[str]:
    for tool in fields.get("tools") or ():
        beta = _OF_TOOL_TYPES.get(tool.get("type") or "")
        if beta:
            yield beta
        if tool.get("input_examples"):
            yield "advanced-tool-use-2025-11-20"


def _of_fields(fields: dict[str, Any]) -> Iterator[str]:
    toolsets = any(tool.get("type") == "mcp_toolset" for tool in fields.get("tools") or ())
    if fields.get("mcp_servers") and not toolsets:
        yield "mcp-client-2025-04-04"  # the form in which a server carries its own tool_configuration
    for edit in as_object(fields.get("context_management")).get("edits") or ():
        compacts = str(edit.get("type")).startswith("compact_")
        yield "compact-2026-01-12" if compacts else "context-management-2025-06-27"
    if as_object(fields.get("output_config")).get("task_budget"):
        yield "task-budgets-2026-03-13"
    if as_object(fields.get("thinking")).get("display") == "updates":
        yield "thinking-display-updates-2026-08-18"
    if as_object(fields.get("container")).get("skills"):
        yield "skills-2025-10-02"
    if fields.get("speed") == "fast":
        yield "fast-mode-2026-02-01"
    yield from (beta for name, beta in _OF_FIELDS.items() if fields.get(name))


def _of_messages(fields: dict[str, Any]) -> Iterator[str]:
    for message in fields.get("messages") or ():
        if message["role"] != "assistant" and is_list(message["content"]):
            for block in message["content"]:
                yield from _of_block(block)


def _of_block(block: dict[str, Any]) -> Iterator[str]:
    beta = _OF_BLOCK_TYPES.get(block.get("type") or "")
    if as_object(block.get("tool")).get("type") == "tool_definition":  # the added tool itself, not its name
        beta = "inline-tools-2026-09-15"
    if beta:
        yield beta
    if as_object(block.get("source")).get("type") == "file":
        yield "files-api-2025-04-14"
    if block.get("type") == "tool_result" and is_list(block.get("content")):
        for inner in block["content"]:
            yield from _of_block(inner)
