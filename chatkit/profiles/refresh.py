"""Fetch models.dev's catalogue and write one provider's profiles as a Python file (spec S181, S182)."""

from __future__ import annotations

import ast
import os
import tempfile
import zlib
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from chatkit.errors import ChatKitError
from chatkit.jsons import is_list, is_object
from chatkit.profiles.mapping import augmented, to_profile
from chatkit.profiles.names import provider_ids

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DEFAULT_URL", "RefreshError", "fetch", "models_of", "overrides_in", "refresh", "write_profiles"]

DEFAULT_URL = "https://models.dev/api.json"
MAX_BYTES = 20 * 1024 * 1024
TIMEOUT = 30.0
AUGMENTATIONS = "profile_augmentations.toml"

_HEAD = '''"""Model profiles of {provider}, written by `chatkit profiles refresh`: the next refresh replaces this file.

Data of the models.dev project (MIT licence) with profile_augmentations.toml laid over them.
"""

from typing import Any

PROFILES: dict[str, dict[str, Any]] = '''
_TAIL = """

_PROFILES = PROFILES  # the name in LangChain's packages
"""


class RefreshError(ChatKitError):
    """Profiles cannot be refreshed; the message says why. The command prints it and exits with 1."""


class _Provider(Struct):
    models: dict[str, dict[str, Any]] = {}


def refresh(provider: str, data_dir: Path, url: str) -> tuple[Path, int]:
    """Write `profiles.py` into `data_dir`; gives its path and the number of models.

    Raises:
        RefreshError: nothing was written.
    """
    output = safe_output(data_dir)
    overrides = overrides_in(data_dir / AUGMENTATIONS)
    models = models_of(fetch(url), provider)
    profiles = augmented({id: to_profile(model) for id, model in models.items()}, overrides)
    write_profiles(output, provider, profiles)
    return output, len(profiles)


def safe_output(data_dir: Path) -> Path:
    """The file to write; links are refused, so that nothing outside the folder is overwritten."""
    output = data_dir / "profiles.py"
    for path in (data_dir, output):
        if path.is_symlink():
            raise RefreshError(f"{path} is a symbolic link; name the real folder")
    if data_dir.exists() and not data_dir.is_dir():
        raise RefreshError(f"{data_dir} is not a folder")
    return output


def fetch(url: str) -> bytes:
    """The catalogue at an address (http, https, or file:// for a downloaded one, also gzipped)."""
    body = _read_file(url) if url.startswith("file:") else _download(url)
    return zlib.decompress(body, 31) if body[:2] == b"\x1f\x8b" else body


def _read_file(url: str) -> bytes:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        with open(url2pathname(urlsplit(url).path), "rb") as file:
            return file.read()
    except OSError as error:
        raise RefreshError(f"cannot read {url}: {error}") from error


def _download(url: str) -> bytes:
    import httpx

    body = bytearray()
    try:
        with httpx.stream("GET", url, timeout=TIMEOUT, follow_redirects=True) as response:
            response.raise_for_status()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MAX_BYTES:
                    raise RefreshError(f"{url} gives more than {MAX_BYTES} bytes; that is not models.dev's catalogue")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise RefreshError(f"cannot download {url}: {str(error) or type(error).__name__}") from error
    return bytes(body)


def models_of(catalogue: bytes, provider: str) -> dict[str, dict[str, Any]]:
    """A provider's entries in models.dev's catalogue.

    Args:
        catalogue: models.dev's `api.json`.
        provider: an id of models.dev, or chatkit's name for it.
    """
    try:
        providers = msgspec.json.decode(catalogue, type=dict[str, msgspec.Raw])
        found = next((id for id in (provider, *provider_ids(provider)) if id in providers), None)
        if found is None:
            raise RefreshError(f"models.dev has no provider {provider!r}.{_closest(provider, list(providers))}")
        return msgspec.json.decode(providers[found], type=_Provider).models
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefreshError(f"the catalogue is not models.dev's JSON: {error}") from error


def _closest(name: str, known: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=3)
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""


def overrides_in(path: Path) -> dict[str, Any]:
    """The `[overrides]` of an augmentation file; empty when there is no such file."""
    import tomllib

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise RefreshError(f"cannot read {path}: {error}") from error
    overrides = document.get("overrides", {})
    if not is_object(overrides):
        raise RefreshError(f"{path}: [overrides] must be a table")
    return _plain(overrides)


def _plain(value: Any) -> Any:
    """TOML's dates and times as the text that models.dev has in their place."""
    if is_object(value):
        return {key: _plain(item) for key, item in value.items()}
    if is_list(value):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def write_profiles(output: Path, provider: str, profiles: dict[str, dict[str, Any]]) -> None:
    """Write a Python file with the profiles; a reader sees the old file or the whole new one."""
    literal = _literal(profiles)
    if ast.literal_eval(literal) != profiles:
        raise RefreshError("the profiles hold values that cannot be written as Python (nan?)")
    text = _HEAD.format(provider=provider) + literal + _TAIL
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=output.parent, prefix=".profiles-", suffix=".py")
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(temporary, 0o644)
            os.replace(temporary, output)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise RefreshError(f"cannot write {output}: {error}") from error


def _literal(profiles: dict[str, dict[str, Any]]) -> str:
    lines = ["{"]
    for model, profile in profiles.items():
        lines += [f"    {model!r}: {{", *(f"        {key!r}: {value!r}," for key, value in profile.items()), "    },"]
    return "\n".join([*lines, "}"])
