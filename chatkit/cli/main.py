"""`chatkit SUBCOMMAND ...`: which subcommands there are, and how errors become exit codes."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "Command", "main"]

COMMANDS: dict[str, str] = {
    "chat": "ask a model; the answer streams to the terminal",
    "batch": "answer every row of a file, many at a time; goes on where it was stopped",
    "demo": "see a streamed answer with reasoning, tool calls and text",
    "simulate": "run the simulator as a server on 127.0.0.1",
    "profiles": "what models can do: show or refresh the data",
}
"""Subcommands and what they do; each is a module `chatkit.cli.<name>`."""

DELEGATED = {"profiles": "chatkit.profiles.cli"}
"""Subcommands whose module has a `main` of its own."""

FAILED = 1
USAGE = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


class Command(Protocol):
    """What the module of a subcommand has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it; the exit code."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code: 0 done, 1 the model failed, 2 wrong arguments, 130 interrupted.

    Args:
        argv: arguments without the command's name; None takes those of the process.
    """
    from chatkit.errors import InputError, ModelError

    words = list(sys.argv[1:] if argv is None else argv)
    reconfigure: Any = getattr(sys.stdout, "reconfigure", None)  # what a test puts in its place may not have it
    if reconfigure is not None:
        reconfigure(errors="replace")  # an answer may have characters that the terminal has not
    try:
        if words and words[0] in DELEGATED:
            return importlib.import_module(DELEGATED[words[0]]).main(words[1:])
        command, args = _parse(words)
        return command.run(args)
    except InputError as error:
        return _complain(error, USAGE)
    except ModelError as error:
        return _complain(error, FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `chatkit ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


def _complain(error: Exception, code: int) -> int:
    print(f"chatkit: {error}", file=sys.stderr)
    return code


def _parse(words: list[str]) -> tuple[Command, argparse.Namespace]:
    """The module that a command line asks for, and its arguments. Only that module is loaded."""
    from chatkit import __version__

    parser = argparse.ArgumentParser(prog="chatkit", description="Chat with models of any provider.")
    parser.add_argument("--version", action="version", version=f"chatkit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, dest="command")
    asked = next((word for word in words if not word.startswith("-")), None)
    module: Command | None = None
    for name, help in COMMANDS.items():
        below = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
        if name == asked:
            module = cast("Command", importlib.import_module(f"chatkit.cli.{name}"))
            module.add_arguments(below)
    args = parser.parse_args(words)
    return cast("Command", module), args
