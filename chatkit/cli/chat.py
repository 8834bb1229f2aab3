"""`chatkit chat`: ask a model; the answer streams to the terminal."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
from typing import TYPE_CHECKING, Any

from chatkit.cli.asking import add_model_argument, answer, chosen_model, note
from chatkit.cli.printer import JSONPrinter, Printer
from chatkit.errors import InputError, ModelError
from chatkit.messages import HumanMessage, SystemMessage

if TYPE_CHECKING:
    import argparse

    from chatkit.messages import BaseMessage
    from chatkit.model import ChatModel

__all__ = ["add_arguments", "run"]

INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    argument = parser.add_argument
    argument("prompt", nargs="*", metavar="PROMPT", help="the question, with what is piped in; without both: a dialogue")
    add_model_argument(parser)
    argument("-s", "--system", metavar="TEXT", help="instructions to the model")
    argument("--reasoning", action="store_true", help="ask the model to think first, and show it")
    argument("--json", action="store_true", help="write events, and at last the message, as one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Answer the prompt, or hold a dialogue when there is none and the input is a terminal."""
    prompt = _prompt(" ".join(args.prompt))
    chat = Chat(chosen_model(args.model), args.system, reasoning=args.reasoning, json=args.json)
    with asyncio.Runner() as runner:
        return chat.dialogue(runner) if prompt is None else chat.ask(runner, prompt)


def _prompt(words: str) -> str | None:
    """The whole question; None asks for a dialogue."""
    if sys.stdin is None or sys.stdin.isatty():  # pyright: ignore[reportUnnecessaryComparison]
        return words or None
    piped = sys.stdin.buffer.read().decode("utf-8", "replace").strip()
    prompt = "\n\n".join(filter(None, (words, piped)))
    if not prompt:
        raise InputError("no prompt: give one as an argument, pipe one in, or start in a terminal")
    return prompt


class Chat:
    """A conversation on the terminal."""

    def __init__(self, model: ChatModel, system: str | None, *, reasoning: bool, json: bool) -> None:
        self._model = model
        self._messages: list[BaseMessage] = [SystemMessage(system)] if system else []
        self._options: dict[str, Any] = {"reasoning_effort": "medium"} if reasoning else {}
        self._printer = JSONPrinter() if json else Printer(reasoning=reasoning)

    def ask(self, runner: asyncio.Runner, prompt: str) -> int:
        """Ask one question; the exit code."""
        self._messages.append(HumanMessage(prompt))
        message = runner.run(answer(self._model, self._messages, self._printer, **self._options))
        self._messages.append(message)
        if not message.response_metadata.get("interrupted"):
            return 0
        note("interrupted; the answer is not complete")
        return INTERRUPTED

    def dialogue(self, runner: asyncio.Runner) -> int:
        """Ask until the input ends. A stopped answer stays in the conversation, a failed question does not."""
        with contextlib.suppress(ImportError):
            importlib.import_module("readline")  # line editing and history for input()
        note("Ctrl-C stops an answer, Ctrl-D ends")
        while True:
            try:
                prompt = input("> ").strip()
            except EOFError:
                print()
                return 0
            if prompt:
                self._try(runner, prompt)

    def _try(self, runner: asyncio.Runner, prompt: str) -> None:
        try:
            self.ask(runner, prompt)
        except ModelError as error:
            self._messages.pop()
            note(str(error))
