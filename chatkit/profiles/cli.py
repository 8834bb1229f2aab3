"""The command `chatkit profiles` (also `chatkit-profiles`)."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chatkit.profiles.refresh import DEFAULT_URL, RefreshError, refresh
from chatkit.profiles.store import profile_for

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did its work, 1 when it could not, 2 when it was called wrongly."""
    options = _arguments().parse_args(argv)
    try:
        return options.run(options)
    except RefreshError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="chatkit profiles", description="Model profiles: what models can do.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="print what is known of a model, as JSON")
    show.add_argument("model", metavar="PROVIDER:MODEL", help="e.g. openai:gpt-5")
    show.set_defaults(run=_show)
    add = commands.add_parser("refresh", help="write DIR/profiles.py from models.dev and DIR/profile_augmentations.toml")
    add.add_argument("--provider", required=True, metavar="NAME", help="a provider of models.dev, e.g. anthropic")
    add.add_argument("--data-dir", required=True, type=Path, metavar="DIR", help="folder of the augmentations and of the result")
    add.add_argument(
        "--url",
        default=os.environ.get("CHATKIT_MODELS_DEV_URL") or DEFAULT_URL,
        help="where the catalogue is (default: %(default)s; also CHATKIT_MODELS_DEV_URL)",
    )
    add.set_defaults(run=_refresh)
    return parser


def _show(options: argparse.Namespace) -> int:
    provider, _, model = options.model.partition(":")
    profile = profile_for(provider, model)
    if profile is None:
        raise RefreshError(f"nothing is known of {options.model!r}; write it as PROVIDER:MODEL, e.g. openai:gpt-5")
    sys.stdout.write(json.dumps(profile, indent=2) + "\n")
    return 0


def _refresh(options: argparse.Namespace) -> int:
    data_dir: Path = options.data_dir
    if not _wanted(data_dir):
        sys.stderr.write("nothing written\n")
        return 1
    output, count = refresh(options.provider, data_dir, options.url)
    sys.stdout.write(f"{count} profiles of {options.provider} written to {output}\n")
    return 0


def _wanted(data_dir: Path) -> bool:
    """Ask before writing outside the working directory. A script that names a folder means it: it is not asked."""
    if data_dir.resolve().is_relative_to(Path.cwd()) or not sys.stdin.isatty():
        return True
    sys.stderr.write(f"{data_dir.resolve()} is outside the working directory {Path.cwd()}. Write there? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
