"""Which provider a name means, and what is said when none can be told or loaded (spec S3-S9)."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from chatkit import init_chat_model, registry
from chatkit.errors import InputTypeError, ProviderImportError, UnknownProviderError
from chatkit.registry import provider_class, split_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INFERRED = {
    "openai": ("gpt-4.1", "GPT-4", "o1", "o3-mini", "o4-mini", "o10", "chatgpt-4o-latest", "ft:gpt-4o:org", "text-davinci-003"),
    "anthropic": ("claude-sonnet-4-5", "Claude-3"),
    "google_genai": ("gemini-2.5-flash", "models/gemini-2.5-pro", "gemma-3-27b-it"),
    "bedrock": ("amazon.nova-pro-v1:0", "anthropic.claude-3-5-sonnet-20240620-v1:0", "meta.llama3-1-8b-instruct-v1:0"),
    "bedrock_converse": (
        "us.anthropic.claude-sonnet-4-5-v1:0",
        "jp.anthropic.claude-sonnet-4-5-v1:0",
        "us-gov.anthropic.claude-3-v1:0",
        "arn:aws:bedrock:us-east-1:1:inference-profile/x",
        "deepseek.v3-v1:0",
        "cohere.command-r-v1:0",
    ),
    "cohere": ("command-r", "c4ai-aya"),
    "fireworks": ("accounts/fireworks/models/x",),
    "mistralai": ("mistral-large", "mixtral-8x7b", "magistral-medium", "codestral", "ministral-8b"),
    "deepseek": ("deepseek", "deepseek-chat", "deepseek-r1"),
    "xai": ("grok-4",),
    "perplexity": ("sonar-pro",),
    "upstage": ("solar-pro",),
    "moonshot": ("kimi-k2",),
    "alibaba": ("qwen-max", "qwen2.5-72b-instruct", "qwen3-32b", "qwq-plus"),
    "llama": ("llama-3.3-70b-instruct", "Llama-4-Maverick-17B-128E-Instruct-FP8"),
    "ollama": ("llama3.1", "llama3.2:1b", "qwen3:8b", "gpt-oss:20b", "gemma3:4b", "phi4:14b"),
    "openrouter": (
        "openai/gpt-4",
        "meta-llama/llama-3.3-70b-instruct",
        "deepseek/deepseek-chat",
        "mistralai/mistral-large",
        "qwen/qwq",
    ),
}


@pytest.mark.parametrize(("provider", "name"), [(provider, name) for provider, names in INFERRED.items() for name in names])
def test_the_provider_of_a_name(provider: str, name: str) -> None:
    assert split_name(name) == (provider, name)


@pytest.mark.parametrize("name", ["", "o", "omni-1", "nova", "foo:bar", "OPENAI:gpt-4", "azure-openai:gpt-4", "someone/model"])
def test_a_name_that_tells_nothing(name: str) -> None:
    with pytest.raises(UnknownProviderError, match=r"Unable to infer model provider for model=.*one of: .*anthropic.*openai"):
        init_chat_model(name)


@pytest.mark.parametrize(
    ("name", "provider", "split"),
    [
        ("anthropic:claude:x", None, ("anthropic", "claude:x")),
        ("openai:gpt-4", "openai", ("openai", "openai:gpt-4")),
        ("x", "Azure-OpenAI", ("azure_openai", "x")),
        (
            "anthropic.claude-3-5-sonnet-20240620-v1:0",
            "bedrock_converse",
            ("bedrock_converse", "anthropic.claude-3-5-sonnet-20240620-v1:0"),
        ),
    ],
)
def test_the_first_colon_and_the_given_provider(name: str, provider: str | None, split: tuple[str, str]) -> None:
    assert split_name(name, provider) == split


def test_wrong_types() -> None:
    wrong: Any = 5
    with pytest.raises(InputTypeError, match="`model` must be a string"):
        init_chat_model(wrong)
    with pytest.raises(InputTypeError, match="`model_provider` must be a string"):
        init_chat_model("gpt-4", model_provider=wrong)


def test_a_provider_that_nobody_has() -> None:
    with pytest.raises(UnknownProviderError, match="Unsupported provider='nope'"):
        init_chat_model("x", model_provider="nope")


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package that says it has the provider `plugged`; its module is the file that this gives."""
    info = tmp_path / "plugged-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[chatkit.providers]\nplugged = plugged_model:ChatPlugged\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    caches = (registry._entry_points, registry.provider_names, registry.provider_class)
    for cache in caches:
        cache.cache_clear()
    yield tmp_path / "plugged_model.py"
    sys.modules.pop("plugged_model", None)
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (None, "No module named 'plugged_model'"),
        ("import package_that_is_not_there", "package_that_is_not_there"),
        ("raise RuntimeError('no GPU')", "RuntimeError: no GPU"),
        ("this is no Python", "SyntaxError"),
        ("", "ChatPlugged"),
    ],
    ids=["no-module", "missing-package", "raises", "syntax", "no-class"],
)
def test_a_plugin_that_cannot_be_imported(plugin: Path, code: str | None, told: str) -> None:
    if code is not None:
        plugin.write_text(code)
    with pytest.raises(ProviderImportError) as caught:
        init_chat_model("plugged:x")
    assert isinstance(caught.value, ImportError)
    assert told in str(caught.value)
    assert "plugged_model:ChatPlugged" in str(caught.value)
    assert caught.value.__cause__ is not None


def test_a_bundled_provider_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_entry_points", dict[str, Any])
    monkeypatch.setitem(sys.modules, "chatkit_cohere", ModuleType("chatkit_cohere"))
    provider_class.cache_clear()
    with pytest.raises(ProviderImportError, match="chatkit_cohere:ChatCohere"):
        init_chat_model("cohere:command-r", api_key="k")
    provider_class.cache_clear()
