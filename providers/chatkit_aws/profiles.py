"""The profile files of AWS: `~/.aws/credentials` and `~/.aws/config`."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

__all__ = ["read_profile"]


def read_profile(profile: str | None = None) -> dict[str, str]:
    """The settings of a profile, those of the credentials file first.

    Args:
        profile: its name; without one AWS_PROFILE, AWS_DEFAULT_PROFILE or "default".

    Returns:
        An empty dict when there is no such profile, or no file that can be read.
    """
    name = profile or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"
    config = _sections(os.environ.get("AWS_CONFIG_FILE") or "~/.aws/config")
    keys = _sections(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials")
    in_config = config.get(f"profile {name}") or (config.get("default") if name == "default" else None)
    return {**(in_config or {}), **keys.get(name, {})}


def _sections(path: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False, default_section="")
    try:
        parser.read_string(Path(path).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError, configparser.Error):
        return {}
    return {" ".join(name.replace('"', "").split()): dict(parser.items(name)) for name in parser.sections()}
