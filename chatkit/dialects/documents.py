"""Text documents for APIs that know only text."""

from __future__ import annotations

import base64
from typing import Any

from chatkit.errors import UnsupportedFeatureError

__all__ = ["document_text"]


def document_text(block: dict[str, Any], owner: str) -> str:
    """The text of a `text-plain` block, or of a file of text, below its title and context.

    Args:
        owner: the model's class, for error messages.

    Raises:
        UnsupportedFeatureError: the block has neither text nor base64.
    """
    text = block.get("text")
    if text is None and block.get("base64"):
        text = base64.b64decode(block["base64"]).decode("utf-8", "replace")
    if text is None:
        source = next((key for key in ("url", "file_id") if block.get(key)), "no source")
        raise UnsupportedFeatureError(f"{owner}: this API takes no {block['type']} block with {source}; send its text")
    head = "\n".join(str(block[key]) for key in ("title", "context") if block.get(key))
    return f"{head}\n\n{text}" if head else text
