"""What is known of an answer beside its parts: sources, ratings, probabilities. Most of it is told at the end.

Pieces of a stream repeat such facts; they are kept undecoded, and the last word counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.dialects.gemini.grounding import citations_of_attribution, citations_of_grounding
from chatkit.dialects.gemini.wire import UNSET, is_set
from chatkit.events import Metadata
from chatkit.jsons import decode, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msgspec import Raw

    from chatkit.dialects.gemini.wire import Candidate, UsageMetadata
    from chatkit.events import Event

__all__ = ["Facts", "standard_logprobs"]


class Facts:
    """Collects the facts of one answer.

    Attributes:
        answered: there was a candidate.
        usage: the last totals.
        prompt_feedback: what is said about a prompt that was not blocked.
    """

    def __init__(self) -> None:
        self.answered = False
        self.usage: UsageMetadata | None = None
        self.prompt_feedback = UNSET
        self._ended: Candidate | None = None  # the piece with the finish reason
        self._ratings = self._attribution = UNSET
        self._grounding: list[Raw] = []
        self._url_context: list[Raw] = []

    def add(self, candidate: Candidate) -> None:
        """Keep what a piece tells."""
        self.answered = True
        if candidate.safety_ratings is not UNSET:
            self._ratings = candidate.safety_ratings
        if candidate.grounding_metadata is not UNSET:
            self._grounding.append(candidate.grounding_metadata)
        if candidate.citation_metadata is not UNSET:
            self._attribution = candidate.citation_metadata
        if candidate.url_context_metadata is not UNSET:
            self._url_context.append(candidate.url_context_metadata)
        if candidate.finish_reason is not None:
            self._ended = candidate

    def events(self, texts: Mapping[int, str]) -> list[Event]:
        """Citations of the text blocks, and what belongs into `response_metadata`."""
        grounding, attribution = _joined(self._grounding), _joined([self._attribution])
        events: list[Event] = []
        if texts:
            events += citations_of_grounding(grounding, texts)
            events += citations_of_attribution(attribution, texts)
        ended, usage = self._ended, self.usage
        facts = {
            "finish_message": ended and ended.finish_message,
            "avg_logprobs": ended and _finite(ended.avg_logprobs),
            "continuation_token": ended and ended.continuation_token,
            "safety_ratings": decode(self._ratings) if is_set(self._ratings) else None,
            "prompt_feedback": decode(self.prompt_feedback) if is_set(self.prompt_feedback) else None,
            "service_tier": usage and usage.service_tier,
            "traffic_type": usage and usage.traffic_type,
            "grounding_metadata": grounding,
            "citation_metadata": attribution,
            "url_context_metadata": _joined(self._url_context),
        }
        known = {name: value for name, value in facts.items() if value or value == 0}
        return [*events, Metadata(known)] if known else events


def _finite(value: float | str | None) -> float | None:
    """JSON has no number for infinity and "not a number": Google writes them as text."""
    return value if isinstance(value, float) else None


def _joined(pieces: list[Raw]) -> dict[str, Any]:
    """One object from several, of which each later one knows better."""
    out: dict[str, Any] = {}
    for piece in pieces:
        value = decode(piece) if is_set(piece) else None
        if is_object(value):
            out.update(value)
    return out


def standard_logprobs(result: Any) -> dict[str, Any]:
    """`logprobsResult` in the form that all providers' log probabilities have."""
    chosen, top = (result.get("chosenCandidates"), result.get("topCandidates")) if is_object(result) else (None, None)
    tops = [_tokens(step.get("candidates")) for step in top if is_object(step)] if is_list(top) else []
    content = [{**token, "top_logprobs": tops[at] if at < len(tops) else []} for at, token in enumerate(_tokens(chosen))]
    return {"content": content}


def _tokens(candidates: Any) -> list[dict[str, Any]]:
    return [
        {"token": found.get("token") or "", "logprob": float(found.get("logProbability") or 0.0)}  # "-Infinity" is text
        for found in (candidates if is_list(candidates) else ())
        if is_object(found)
    ]
