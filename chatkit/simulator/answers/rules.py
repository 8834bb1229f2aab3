"""The built-in rules: what the simulator answers when nobody wrote a script. Always the same for the same question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from msgspec.structs import replace

from chatkit.jsons import dumps
from chatkit.simulator.answers import mentions
from chatkit.simulator.answers.guess import guess_value
from chatkit.simulator.answers.knowledge import ANSWERS, SEARCH_RESULT, TRANSLATIONS
from chatkit.simulator.answers.picture import picture
from chatkit.simulator.answers.toolcalls import calls_for, is_forced
from chatkit.simulator.reply import Reply

if TYPE_CHECKING:
    from chatkit.messages import AIMessage, ToolMessage
    from chatkit.simulator.question import Question

__all__ = ["rules"]

_THINK = ("think", "reason", "careful")
_SEARCHING = frozenset({"search", "browse", "retrieval", "grounding"})
_PICTURES = frozenset({"picture", "image", "photo", "drawing", "painting"})
_MAKING = frozenset({"create", "draw", "make", "paint", "generate"})
_COMPUTING = frozenset({"calculate", "compute", "code", "run", "plot", "python", "solve", "execute"})


def rules(question: Question) -> Reply:
    """The reply of the first rule that fits, with reasoning before it where it is asked for."""
    reply = next(reply for rule in _RULES if (reply := rule(question)) is not None)
    return _with_reasoning(reply, question) if _thinks(question) else reply


def _forced_call(question: Question) -> Reply | None:
    return _call(question) if is_forced(question) else None


def _tool_results(question: Question) -> Reply | None:
    """After the results of tools: an answer made of them."""
    results = _results(question)
    if not results or question.schema is not None:
        return None
    if len(results) == 1:
        return Reply(f"Here is what I found: {_result(results[0])}")
    args = {call["id"]: call["args"] for message in question.messages for call in _calls(message)}
    lines = [f"- {_label(args.get(result.tool_call_id))}{_result(result)}" for result in results]
    return Reply("Here is what I found:\n" + "\n".join(lines))


def _results(question: Question) -> list[ToolMessage]:
    """The results that the conversation ends with."""
    results: list[ToolMessage] = []
    for message in reversed(question.messages):
        if message.type != "tool":
            break
        results.insert(0, cast("ToolMessage", message))
    return results


def _calls(message: Any) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", cast("AIMessage", message).tool_calls) if message.type == "ai" else []


def _label(args: dict[str, Any] | None) -> str:
    return f"{', '.join(str(value) for value in args.values())}: " if args else ""


def _result(message: ToolMessage) -> str:
    text = message.text.strip() or "nothing"
    return f"the tool failed ({text})" if message.status == "error" else text


def _call(question: Question) -> Reply | None:
    calls = calls_for(question)
    return Reply(tool_calls=calls) if calls else None


def _free_call(question: Question) -> Reply | None:
    """A call that nothing forces; after results there is none, or a caller that wants JSON in the end would call forever."""
    return None if _results(question) else _call(question)


def _structured(question: Question) -> Reply | None:
    """JSON that fits the asked schema; without a schema an object with the keys that the prompt quotes."""
    if question.schema is None:
        return None
    answer = ", ".join(_result(result) for result in _results(question)) or _plain_text(question)
    schema = question.schema or _loose_schema(question)
    return Reply(dumps(guess_value(question.prompt, answer, schema)))


def _loose_schema(question: Question) -> dict[str, Any]:
    said = " ".join(message.text for message in question.messages)
    keys = [key for key in dict.fromkeys(mentions.quoted(said)) if key.isidentifier()]
    return {"type": "object", "properties": {key: {} for key in keys or ["answer"]}, "required": keys or ["answer"]}


def _server_tool(question: Question) -> Reply | None:
    """A tool that the provider runs: its call, its result, and a text that cites it."""
    said = set(mentions.words(question.prompt))
    for name in question.server_tools if question.tool_choice != "none" else ():
        if mentions.stems(name) & _SEARCHING:
            return Reply(blocks=_search(name, question))
        if said & _COMPUTING:
            return Reply(blocks=_server_run(name, question))
    return None


def _search(name: str, question: Question) -> list[dict[str, Any]]:
    call_id = question.name("ws_")
    lead, found = "Here is what I found: ", SEARCH_RESULT["text"]
    citation = {"type": "citation", "url": SEARCH_RESULT["url"], "title": SEARCH_RESULT["title"], "cited_text": found}
    place = {"start_index": len(lead), "end_index": len(lead) + len(found)}
    return [
        {"type": "server_tool_call", "id": call_id, "name": name, "args": {"query": question.prompt, "type": "search"}},
        {"type": "server_tool_result", "tool_call_id": call_id, "status": "success", "output": [SEARCH_RESULT]},
        {"type": "text", "text": lead + found, "annotations": [{**citation, **place}]},
    ]


def _server_run(name: str, question: Question) -> list[dict[str, Any]]:
    call_id = question.name("ci_")
    numbers = mentions.numbers(question.prompt)
    code, output = f"print(sum({numbers}))", f"{sum(numbers)}"
    return [
        {"type": "server_tool_call", "id": call_id, "name": name, "args": {"code": code}},
        {"type": "server_tool_result", "tool_call_id": call_id, "status": "success", "output": output},
        {"type": "text", "text": f"I ran {code}, which printed {output}."},
    ]


def _media(question: Question) -> Reply | None:
    """What can be said of images, sounds and files without looking at them."""
    last = next((message for message in reversed(question.messages) if message.type == "human"), None)
    blocks = [block for block in last.content_blocks if block["type"] in _MEDIA] if last else []
    if not blocks:
        return None
    return Reply("I received " + " and ".join(_described(block) for block in blocks) + ".")


_MEDIA = {"image": "an image", "audio": "a sound", "video": "a video", "file": "a file", "text-plain": "a text document"}


def _described(block: dict[str, Any]) -> str:
    what = _MEDIA[block["type"]]
    if block.get("url"):
        return f"{what} at {block['url']}"
    kind = block.get("mime_type") or "unknown type"
    data = block.get("base64")
    return f"{what} ({kind}, {len(data) * 3 // 4 - data.count('=')} bytes)" if data else f"{what} ({kind})"


def _picture(question: Question) -> Reply | None:
    """A picture, where one is asked for."""
    said = set(mentions.words(question.prompt))
    if not (said & _PICTURES and said & _MAKING):
        return None
    image = {"type": "image", "base64": picture(question.prompt), "mime_type": "image/png"}
    return Reply(blocks=[{"type": "text", "text": "Here is a picture, of one color: I am a simulator."}, image])


def _plain(question: Question) -> Reply:
    return Reply(_plain_text(question))


def _plain_text(question: Question) -> str:
    said = mentions.words(question.prompt)
    system = " ".join(message.text for message in question.messages if message.type == "system").lower()
    if "translate" in said or "translat" in system:
        return _translation(question.prompt)
    known = (text for stems, text in ANSWERS if all(any(_begins(word, stem) for word in said) for stem in stems))
    return next(known, f"You said: “{question.prompt}”. I am a simulator: I answer by rules, so this is all I can tell you.")


def _begins(word: str, stem: str) -> bool:
    return word.startswith(stem) if len(stem) > 3 else word == stem


def _translation(prompt: str) -> str:
    text = prompt.lower()
    return next(
        (french for english, french in TRANSLATIONS if english in text), f"« {prompt.partition(':')[2].strip() or prompt} »"
    )


_RULES = (_forced_call, _tool_results, _free_call, _structured, _server_tool, _media, _picture, _plain)


# Reasoning.


def _thinks(question: Question) -> bool:
    if question.reasoning is not None:
        return question.reasoning
    said = [*mentions.words(question.prompt), *mentions.words(question.model)]
    return any(word.startswith(_THINK) for word in said) or "step by step" in question.prompt


def _with_reasoning(reply: Reply, question: Question) -> Reply:
    thought = f"The user says “{question.prompt}”. {_plan(reply, question)}"
    if reply.blocks is None:
        return replace(reply, reasoning=thought)
    return replace(reply, blocks=[{"type": "reasoning", "reasoning": thought}, *reply.blocks])


def _plan(reply: Reply, question: Question) -> str:
    if question.messages[-1].type == "tool":
        return "The tools gave me what I need."
    calls = [block for block in reply.content if block["type"] in ("tool_call", "server_tool_call")]
    if not calls:
        return "I know enough to answer in a few plain sentences."
    shown = " and ".join(f"{call['name']} for {', '.join(str(value) for value in call['args'].values())}" for call in calls)
    return f"I need {shown}."
