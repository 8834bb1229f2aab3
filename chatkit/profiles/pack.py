"""Make the shipped data: `python -m chatkit.profiles.pack API_JSON [--litellm TABLE] [--source NAME=VERSION ...]`.

API_JSON is a snapshot of models.dev's `api.json` (gzipped or not), TABLE the price table in a LiteLLM wheel, which
fills in models that the snapshot does not have. The files in `augmentations/` are laid over both. The same input
gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatkit.jsons import decode, encode, is_object
from chatkit.profiles.litellm import PROVIDERS, as_models_dev, model_id
from chatkit.profiles.mapping import augmented, to_profile
from chatkit.profiles.names import line_of, match
from chatkit.profiles.refresh import overrides_in
from chatkit.profiles.store import DATA, Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["main", "pack"]

_AUGMENTATIONS = Path(__file__).parent / "augmentations"


def pack(
    catalogue: Mapping[str, Any], table: Mapping[str, Any], overrides: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Entry]]:
    """Entries by provider and model.

    Args:
        catalogue: models.dev's providers.
        table: LiteLLM's entries.
        overrides: `[overrides]` of the augmentation files, by provider.
    """
    models = {id: dict(provider["models"]) for id, provider in catalogue.items()}
    fuller = {id: frozenset(known) for id, known in models.items()}
    for key, entry in table.items():
        id = model_id(key, entry) if is_object(entry) else None
        if id is not None:
            provider = PROVIDERS[entry["litellm_provider"]]
            if match(id, fuller.get(provider, ())) is None:
                models.setdefault(provider, {}).setdefault(id, as_models_dev(id, entry))
    return {
        provider: _entries(found, _spread(overrides.get(provider, {}), found))
        for provider, found in sorted(models.items())
        if found
    }


def _spread(overrides: Mapping[str, Any], ids: Iterable[str]) -> dict[str, Any]:
    """What holds for a model holds for its snapshots too, where they do not say otherwise."""
    spread = dict(overrides)
    for id in ids:
        line = overrides.get(line_of(id))
        if is_object(line):
            spread[id] = {**line, **overrides.get(id, {})}
    return spread


def _entries(models: Mapping[str, dict[str, Any]], overrides: Mapping[str, Any]) -> dict[str, Entry]:
    profiles = augmented({id: to_profile(model) for id, model in models.items()}, overrides)
    return {id: Entry(profile, models.get(id, {}).get("cost")) for id, profile in profiles.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files into `data/`."""
    parser = argparse.ArgumentParser(prog="python -m chatkit.profiles.pack", description="Make the shipped profile data.")
    parser.add_argument("api_json", type=Path)
    parser.add_argument("--litellm", type=Path)
    parser.add_argument("--source", action="append", default=[], metavar="NAME=VERSION", help="noted in the data")
    parser.add_argument("--out", type=Path, default=Path(DATA))
    options = parser.parse_args(argv)
    table: dict[str, Any] = decode(_bytes(options.litellm)) if options.litellm else {}
    overrides = {path.stem: overrides_in(path) for path in sorted(_AUGMENTATIONS.glob("*.toml"))}
    packed = pack(decode(_bytes(options.api_json)), table, overrides)
    _write(options.out, packed, dict(source.split("=", 1) for source in options.source))
    sys.stdout.write(f"{len(packed)} providers, {sum(map(len, packed.values()))} models written to {options.out}\n")
    return 0


def _bytes(path: Path) -> bytes:
    body = path.read_bytes()
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def _write(folder: Path, packed: Mapping[str, Mapping[str, Entry]], sources: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json.gz"):
        old.unlink()
    for provider, entries in packed.items():
        (folder / f"{provider}.json.gz").write_bytes(gzip.compress(encode(entries), 9, mtime=0))
    (folder / "_sources.json").write_bytes(encode(sources))


if __name__ == "__main__":
    sys.exit(main())
