"""Profiles of models: what ships with chatkit, and how names are understood."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from chatkit.messages import AIMessage
from chatkit.profiles import ModelProfile, cost_of, data_version, message_cost, prices_for, profile_for
from chatkit.profiles.mapping import augmented, to_profile
from chatkit.profiles.names import match, provider_ids

GPT5 = {
    "id": "gpt-5",
    "name": "GPT-5",
    "attachment": True,
    "reasoning": True,
    "tool_call": True,
    "structured_output": True,
    "temperature": False,
    "release_date": "2025-08-07",
    "last_updated": "2025-08-07",
    "open_weights": False,
    "modalities": {"input": ["text", "image"], "output": ["text"]},
    "limit": {"context": 400000, "input": 272000, "output": 128000},
    "cost": {"input": 1.25, "output": 10},
    "reasoning_options": [{"type": "effort", "values": ["minimal", None, "low", "default", "high"]}],
}


def test_known_models_have_a_profile() -> None:
    profile = profile_for("openai", "gpt-5")
    assert profile is not None
    assert profile["max_input_tokens"] == 272000
    assert profile["image_inputs"] and profile["reasoning_output"] and profile["tool_calling"] and profile["structured_output"]
    assert profile["reasoning_effort_levels"] == ["minimal", "low", "medium", "high"]
    assert profile["tool_choice"] is True


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("google_genai", "gemini-2.5-pro"),
        ("google_vertexai", "gemini-2.5-flash"),
        ("google_anthropic_vertex", "claude-sonnet-4-5@20250929"),
        ("bedrock_converse", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("azure_openai", "gpt-5"),
        ("groq", "llama-3.3-70b-versatile"),
        ("mistralai", "mistral-large-latest"),
        ("cohere", "command-a-03-2025"),
        ("deepseek", "deepseek-chat"),
        ("openrouter", "anthropic/claude-sonnet-4.5"),
        ("together", "deepseek-ai/DeepSeek-V3"),
        ("ollama", "gpt-oss:120b"),
        ("ollama", "gpt-oss:120b-cloud"),
        ("huggingface", "deepseek-ai/DeepSeek-V3.2:novita"),
        ("perplexity", "sonar-pro"),
    ],
)
def test_every_large_provider_is_covered(provider: str, model: str) -> None:
    profile = profile_for(provider, model)
    assert profile is not None
    assert profile["max_input_tokens"] > 1000
    assert set(profile) <= set(ModelProfile.__annotations__)


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "no-such-model"), ("nobody", "gpt-5"), ("../../etc", "passwd"), ("", "")]
)
def test_what_is_not_known_is_none(provider: str, model: str) -> None:
    assert profile_for(provider, model) is None
    assert prices_for(provider, model) is None


def test_each_call_gives_a_dict_of_its_own() -> None:
    first = profile_for("openai", "gpt-5")
    assert first is not None
    first["reasoning_effort_levels"].append("changed")
    first["tool_calling"] = False
    assert profile_for("openai", "gpt-5") != first


def test_snapshot_and_alias_say_the_same() -> None:
    for alias, snapshot in (("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"), ("claude-opus-4-5", "claude-opus-4-5-20251101")):
        one, other = profile_for("anthropic", alias), profile_for("anthropic", snapshot)
        assert one is not None and other is not None
        assert one["structured_output"] is other["structured_output"] is True


def test_host_is_filled_in_from_the_maker() -> None:
    azure, openai = profile_for("azure_openai", "gpt-5"), profile_for("openai", "gpt-5")
    assert azure is not None and openai is not None
    assert azure["tool_call_streaming"] is openai["tool_call_streaming"] is True


def test_first_look_up_takes_under_five_milliseconds() -> None:
    """In a new process, as the first thing after import; the best of three, as the machine may be busy."""
    code = (
        "import time; from chatkit.profiles import profile_for; start = time.perf_counter(); "
        "assert profile_for('openrouter', 'openai/gpt-5'); print(time.perf_counter() - start)"
    )
    times = [
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout) for _ in range(3)
    ]
    assert min(times) < 0.005


def test_later_look_ups_are_fast() -> None:
    profile_for("openai", "gpt-5")
    start = time.perf_counter()
    for _ in range(100):
        profile_for("openai", "gpt-5")
    assert time.perf_counter() - start < 0.1


def test_version_of_the_data_is_told() -> None:
    assert set(data_version()) == {"models.dev", "litellm"}


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("gpt-5", "gpt-5"),
        ("gpt-5-2025-08-07", "gpt-5"),
        ("gpt-5@20250807", "gpt-5"),
        ("gpt-5-latest", "gpt-5"),
        ("models/gpt-5", "gpt-5"),
        ("ft:gpt-5-2025-08-07:acme::id", "gpt-5"),
        ("gpt-5:free", "gpt-5"),
        ("eu.anthropic.claude-v1:0", "anthropic.claude-v1:0"),
        ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-v1:0", "anthropic.claude-v1:0"),
        ("claude-3", "claude-3-20250201"),
        ("claude-3-latest", "claude-3-20250201"),
        ("claude-4", "claude-4@default"),
        ("large-2407", "large-latest"),
        ("qwen3:4b", "qwen3:4b"),
        ("claude-3-20240101", None),
        ("gpt", None),
        ("gpt-5-mini", None),
        ("qwen3:8b", None),
    ],
)
def test_names_that_mean_a_model(model: str, found: str | None) -> None:
    known = [
        "gpt-5",
        "anthropic.claude-v1:0",
        "claude-3-20240202",
        "claude-3-20250201",
        "claude-4@default",
        "large-latest",
        "qwen3:4b",
    ]
    assert match(model, known) == found


def test_providers_by_their_models_dev_ids() -> None:
    assert provider_ids("google_genai") == ("google",)
    assert provider_ids("anthropic") == ("anthropic",)
    assert provider_ids("my_cloud") == ("my_cloud", "my-cloud")


def test_mapping_of_a_models_dev_entry() -> None:
    assert to_profile(GPT5) == {
        "name": "GPT-5",
        "release_date": "2025-08-07",
        "last_updated": "2025-08-07",
        "open_weights": False,
        "max_input_tokens": 272000,
        "text_inputs": True,
        "image_inputs": True,
        "audio_inputs": False,
        "video_inputs": False,
        "max_output_tokens": 128000,
        "reasoning_output": True,
        "reasoning_effort_levels": ["minimal", "low", "high"],
        "text_outputs": True,
        "image_outputs": False,
        "audio_outputs": False,
        "video_outputs": False,
        "tool_calling": True,
        "structured_output": True,
        "attachment": True,
        "temperature": False,
    }


def test_mapping_leaves_out_what_is_not_said() -> None:
    assert to_profile({"id": "x", "limit": {"context": 8192}, "modalities": {"input": ["pdf"]}}) == {
        "max_input_tokens": 8192,
        "text_inputs": False,
        "image_inputs": False,
        "pdf_inputs": True,
        "audio_inputs": False,
        "video_inputs": False,
    }
    assert to_profile({}) == {}


def test_augmentations_of_all_and_of_one() -> None:
    profiles = {"b": {"tool_calling": True}, "a": {"tool_calling": True, "max_input_tokens": 1}}
    overrides = {"tool_choice": True, "b": {"tool_choice": False, "reasoning_effort_levels": ["low"]}, "new": {"name": "New"}}
    assert list(augmented(profiles, overrides).items()) == [
        ("a", {"tool_calling": True, "max_input_tokens": 1, "tool_choice": True}),
        ("b", {"tool_calling": True, "tool_choice": False, "reasoning_effort_levels": ["low"]}),
        ("new", {"tool_choice": True, "name": "New"}),
    ]
    assert profiles["b"] == {"tool_calling": True}


def usage(input: int, output: int, **details: int) -> dict:
    given = {key: details[key] for key in ("cache_read", "cache_creation") if key in details}
    made = {key: details[key] for key in ("reasoning",) if key in details}
    return {"input_tokens": input, "output_tokens": output, "input_token_details": given, "output_token_details": made}


@pytest.mark.parametrize(
    ("tokens", "prices", "cost"),
    [
        (usage(1_000_000, 100_000), {"input": 1.25, "output": 10}, 2.25),
        (usage(1_000_000, 100_000, cache_read=200_000), {"input": 1.25, "output": 10, "cache_read": 0.125}, 2.025),
        (usage(1_000_000, 0, cache_read=200_000), {"input": 1.25, "output": 10}, 1.25),
        (usage(1000, 0, cache_creation=1000), {"input": 3, "output": 15, "cache_write": 3.75}, 0.00375),
        (usage(0, 1000, reasoning=400), {"input": 1, "output": 2, "reasoning": 5}, 0.0032),
        (usage(0, 1000, reasoning=400), {"input": 1, "output": 2}, 0.002),
        (
            usage(300_000, 0),
            {"input": 1, "output": 2, "tiers": [{"input": 2, "tier": {"type": "context", "size": 200_000}}]},
            0.6,
        ),
        (
            usage(200_000, 0),
            {"input": 1, "output": 2, "tiers": [{"input": 2, "tier": {"type": "context", "size": 200_000}}]},
            0.2,
        ),
        (usage(1, 1), {"input": 1}, None),
    ],
)
def test_cost(tokens: dict, prices: dict, cost: float | None) -> None:
    assert cost_of(tokens, prices) == (None if cost is None else pytest.approx(cost))


def test_shipped_prices() -> None:
    prices = prices_for("google_genai", "gemini-2.5-pro")
    assert prices is not None
    assert cost_of(usage(1_000_000, 100_000, cache_read=200_000), prices) == pytest.approx(3.55)


def test_what_a_message_cost() -> None:
    about = {"model_provider": "google_genai", "model_name": "gemini-2.5-pro"}
    answer = AIMessage("x", usage_metadata=usage(1_000_000, 100_000, cache_read=200_000), response_metadata=about)
    assert message_cost(answer) == pytest.approx(3.55)
    assert message_cost(answer, {"input": 1, "output": 10}) == pytest.approx(2.0)
    assert message_cost(AIMessage("x", response_metadata=about)) is None, "no usage"
    assert message_cost(AIMessage("x", usage_metadata=usage(1, 1))) is None, "no model"
