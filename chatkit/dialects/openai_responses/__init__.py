"""The OpenAI Responses API and its relatives: requests, answers, and what goes back (wire sheet: openai_responses)."""

from chatkit.dialects.openai_responses.conversation import Speaker
from chatkit.dialects.openai_responses.params import ResponsesParams
from chatkit.dialects.openai_responses.parse import ResponsesParser
from chatkit.dialects.openai_responses.request import countable, encode_responses, parser_for, resume_query
from chatkit.dialects.openai_responses.routing import RESPONSES_ONLY, needs_responses

__all__ = [
    "RESPONSES_ONLY",
    "ResponsesParams",
    "ResponsesParser",
    "Speaker",
    "countable",
    "encode_responses",
    "needs_responses",
    "parser_for",
    "resume_query",
]
