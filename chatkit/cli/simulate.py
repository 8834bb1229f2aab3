"""`chatkit simulate`: the simulator as a server on 127.0.0.1, for clients in any language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatkit.errors import InputError
from chatkit.simulator import Budget, Server, Simulator
from chatkit.simulator.dialects.by_path import DIALECTS
from chatkit.simulator.dialects.dialect import Refused
from chatkit.simulator.fault import parse_fault

if TYPE_CHECKING:
    import argparse

    from chatkit.simulator import Fault

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    argument = parser.add_argument
    argument("--port", type=int, default=8123, help="where to listen; 0 takes a free port (default: 8123)")
    argument("--first", type=float, default=0.2, metavar="SECONDS", help="time before the first piece of an answer (0.2)")
    argument("--every", type=float, default=0.02, metavar="SECONDS", help="time between two pieces (0.02)")
    argument("--rpm", type=int, metavar="N", help="answer so many requests a minute, 429 for the others")
    argument("--tpm", type=int, metavar="N", help="answer so many tokens a minute, 429 for the others")
    argument("--fault", help="what goes wrong with every request, e.g. '429&retry_after=2&times=1' (docs/simulator.md)")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    limits = Budget(args.rpm, args.tpm) if args.rpm or args.tpm else None
    server = Server(Simulator(first=args.first, every=args.every, limits=limits, fault=_fault(args.fault)), args.port)
    try:
        server.run(lambda: _announce(server))
    except (OSError, OverflowError) as error:
        raise InputError(f"cannot listen on port {args.port}: {error}") from error
    return 0


def _fault(text: str | None) -> Fault | None:
    try:
        return parse_fault(text) if text else None
    except Refused as refused:
        raise InputError(str(refused)) from refused


def _announce(server: Server) -> None:
    print(f"The simulator listens at {server.url} (Ctrl-C stops it). It answers by rules, without a model.")
    print(f"Wire formats: {', '.join(dialect.name for dialect in DIALECTS)}")
    print(f"  OPENAI_BASE_URL={server.url}/v1 OPENAI_API_KEY=any chatkit chat -m openai:gpt-5 Hello", flush=True)
