"""What `chat` and `demo` share: which model, and one question with its answer on the terminal."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

from chatkit.errors import MissingKeyError, ModelError
from chatkit.registry import init_chat_model

if TYPE_CHECKING:
    import argparse

    from chatkit.cli.printer import JSONPrinter, Printer
    from chatkit.messages import AIMessage, BaseMessage
    from chatkit.model import ChatModel

__all__ = ["add_model_argument", "answer", "chosen_model", "note"]

_PACE = 0.02
"""Seconds between the simulator's words, so that one sees them come."""


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    """Declare `-m`."""
    help = "which model, e.g. openai:gpt-5 (default: CHATKIT_MODEL, else the simulator)"
    parser.add_argument("-m", "--model", metavar="PROVIDER:MODEL", help=help)


def note(text: str) -> None:
    """Say something beside the answer."""
    print(f"chatkit: {text}", file=sys.stderr, flush=True)


def chosen_model(name: str | None) -> ChatModel:
    """The model of that name; the simulator, and a word about it, where there is no name or no key.

    Raises:
        InputError: no such provider, or a wrong name.
    """
    name = name or os.environ.get("CHATKIT_MODEL")
    if not name:
        note("no model given (-m provider:model), so the simulator answers, by rules")
        return _simulator("simulator:parrot")
    if name.startswith("simulator:"):
        return _simulator(name)
    try:
        return init_chat_model(name)
    except MissingKeyError as error:
        note(f"{error}. Without a key the simulator answers, by rules")
        return _simulator("simulator:parrot")


def _simulator(name: str) -> ChatModel:
    return init_chat_model(name, every=_PACE)


async def answer(model: ChatModel, messages: list[BaseMessage], printer: Printer | JSONPrinter, **options: Any) -> AIMessage:
    """Ask, and print the answer as it arrives.

    Ctrl-C stops it: the connection is closed, and the message as far as it came is returned, marked `interrupted`.

    Raises:
        ModelError: the model failed; what had come is printed.
    """
    stream = model.open_stream(messages, **options)
    try:
        async with stream:
            async for event in stream:
                printer.show(event)
    except asyncio.CancelledError:
        pass
    except ModelError as error:
        if error.partial is not None:
            printer.end(error.partial)
        raise
    printer.end(stream.message)
    return stream.message
