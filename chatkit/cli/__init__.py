"""The command `chatkit`. One small module a subcommand, loaded only when it is asked for."""

from chatkit.cli.main import main

__all__ = ["main"]
