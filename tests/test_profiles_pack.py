"""How the shipped data are made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatkit.profiles import profile_for
from chatkit.profiles.litellm import as_models_dev, model_id
from chatkit.profiles.mapping import ModelProfile, to_profile
from chatkit.profiles.pack import main, pack
from chatkit.profiles.refresh import overrides_in
from chatkit.profiles.store import DATA

ENTRY = {
    "litellm_provider": "openai",
    "mode": "chat",
    "max_input_tokens": 1000,
    "max_output_tokens": 100,
    "max_tokens": 100,
    "input_cost_per_token": 2e-06,
    "output_cost_per_token": 1e-05,
    "cache_read_input_token_cost": 2e-07,
    "input_cost_per_token_above_272k_tokens": 4e-06,
    "output_cost_per_token_above_272k_tokens": 1.5e-05,
    "supports_vision": True,
    "supports_pdf_input": True,
    "supports_function_calling": True,
    "supports_tool_choice": True,
    "supports_response_schema": True,
    "supports_reasoning": True,
    "supports_minimal_reasoning_effort": True,
}


def test_entry_of_the_second_source() -> None:
    model = as_models_dev("gpt-x", ENTRY)
    assert model["cost"] == {
        "input": 2,
        "output": 10,
        "cache_read": 0.2,
        "tiers": [{"input": 4, "output": 15, "tier": {"type": "context", "size": 272000}}],
    }
    assert to_profile(model) == {
        "name": "gpt-x",
        "max_input_tokens": 1000,
        "text_inputs": True,
        "image_inputs": True,
        "pdf_inputs": True,
        "audio_inputs": False,
        "video_inputs": False,
        "max_output_tokens": 100,
        "reasoning_output": True,
        "reasoning_effort_levels": ["minimal", "low", "medium", "high"],
        "text_outputs": True,
        "image_outputs": False,
        "audio_outputs": False,
        "video_outputs": False,
        "tool_calling": True,
        "tool_choice": True,
        "structured_output": True,
    }


@pytest.mark.parametrize(
    ("key", "entry", "id"),
    [
        ("gpt-x", {}, "gpt-x"),
        ("gemini/gemini-x", {"litellm_provider": "gemini"}, "gemini-x"),
        ("vertex_ai/claude-x", {"litellm_provider": "vertex_ai-anthropic_models"}, "claude-x"),
        ("azure/gpt-x", {"litellm_provider": "azure"}, "gpt-x"),
        ("azure/eu/gpt-x", {"litellm_provider": "azure"}, None),
        ("bedrock/eu-west-1/claude", {"litellm_provider": "bedrock"}, None),
        ("text-embedding", {"mode": "embedding"}, None),
        ("other/x", {"litellm_provider": "someone"}, None),
    ],
)
def test_ids_of_the_second_source(key: str, entry: dict, id: str | None) -> None:
    assert model_id(key, {**ENTRY, **entry}) == id


def test_second_source_only_fills_in() -> None:
    catalogue = {"openai": {"models": {"gpt-x": {"name": "X", "cost": {"input": 1, "output": 1}}}}, "empty": {"models": {}}}
    table = {"gpt-x": ENTRY, "gpt-x-2026-01-01": ENTRY, "gpt-y": ENTRY, "sample_spec": {"mode": "chat"}}
    packed = pack(catalogue, table, {"openai": {"tool_choice": True, "gpt-x": {"structured_output": True}}})
    assert list(packed) == ["openai"]
    assert list(packed["openai"]) == ["gpt-x", "gpt-y"]
    assert packed["openai"]["gpt-x"].profile == {"name": "X", "tool_choice": True, "structured_output": True}
    assert packed["openai"]["gpt-x"].cost == {"input": 1, "output": 1}


def test_augmentation_of_a_model_holds_for_its_snapshots() -> None:
    catalogue = {"a": {"models": {"c-1": {}, "c-1-20250101": {}, "c-2-20250101": {}}}}
    overrides = {"a": {"c-1": {"structured_output": True, "name": "C"}, "c-1-20250101": {"name": "Old"}}}
    profiles = {id: entry.profile for id, entry in pack(catalogue, {}, overrides)["a"].items()}
    assert profiles == {
        "c-1": {"structured_output": True, "name": "C"},
        "c-1-20250101": {"structured_output": True, "name": "Old"},
        "c-2-20250101": {},
    }


def test_same_input_gives_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "api.json").write_text(json.dumps({"openai": {"models": {"gpt-x": {"name": "X"}}}}))
    (tmp_path / "table.json").write_text(json.dumps({"gpt-y": ENTRY}))
    for folder in ("one", "two"):
        arguments = [
            str(tmp_path / "api.json"),
            "--litellm",
            str(tmp_path / "table.json"),
            "--source",
            "models.dev=1",
            "--out",
            str(tmp_path / folder),
        ]
        assert main(arguments) == 0
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["_sources.json", "openai.json.gz"]
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)
    assert "1 providers" in capsys.readouterr().out


def test_shipped_augmentations_use_known_keys_only() -> None:
    files = sorted((Path(DATA).parent / "augmentations").glob("*.toml"))
    assert [path.stem for path in files] == ["anthropic", "google", "openai"]
    for path in files:
        for name, value in overrides_in(path).items():
            assert set(value if isinstance(value, dict) else [name]) <= set(ModelProfile.__annotations__)


@pytest.mark.parametrize("provider", ["anthropic", "google", "openai"])
def test_shipped_data_hold_what_the_augmentations_say(provider: str) -> None:
    overrides = overrides_in(Path(DATA).parent / "augmentations" / f"{provider}.toml")
    for name, value in overrides.items():
        if isinstance(value, dict):
            profile = profile_for(provider, name)
            assert profile is not None
            assert {key: profile[key] for key in value} == value
