"""The OpenAI Responses API and its relatives: requests, answers, and what goes back (wire sheet: openai_responses)."""

from chatkit.dialects.openai_responses.parse import ResponsesParser

__all__ = ["ResponsesParser"]
