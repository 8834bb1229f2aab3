"""`chatkit demo`: a streamed answer with reasoning, tool calls and text; without a key on the simulator."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from chatkit.cli.asking import add_model_argument, answer, chosen_model
from chatkit.cli.printer import Printer
from chatkit.messages import HumanMessage
from chatkit.tools import tool

if TYPE_CHECKING:
    import argparse

    from chatkit.messages import BaseMessage
    from chatkit.model import ChatModel

__all__ = ["add_arguments", "get_weather", "run"]

PROMPT = "Think about it: what is the weather like in Boston and Tokyo?"
ROUNDS = 5
_WEATHER = {"boston": "72°F and sunny", "tokyo": "64°F with light rain"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("prompt", nargs="*", metavar="PROMPT", help=f"the question (default: {PROMPT!r})")
    add_model_argument(parser)


@tool
def get_weather(location: str) -> str:
    """Get the weather at a location."""
    return _WEATHER.get(location.lower(), "68°F and cloudy")


def run(args: argparse.Namespace) -> int:
    """Ask, run the tools that the model calls, and let it answer."""
    prompt = " ".join(args.prompt) or PROMPT
    print(f"> {prompt}", flush=True)
    model = chosen_model(args.model).bind_tools([get_weather])
    return asyncio.run(_talk(model, [HumanMessage(prompt)], Printer(reasoning=True)))


async def _talk(model: ChatModel, messages: list[BaseMessage], printer: Printer) -> int:
    for _ in range(ROUNDS):
        message = await answer(model, messages, printer)
        messages.append(message)
        if not message.tool_calls or message.response_metadata.get("interrupted"):
            break
        for call in message.tool_calls:
            messages.append(await get_weather.ainvoke(call))
            printer.tool_result(messages[-1].text)
    return 130 if messages[-1].response_metadata.get("interrupted") else 0
