"""Programs that know nothing of the simulator run against it."""

from __future__ import annotations

import os

import pytest

from chatkit.chat_models import init_chat_model
from chatkit.registry import provider_class, provider_names
from chatkit.simulator import environment_of, simulated_environment

SILENT = {"simulator"}
"""Needs no server."""


def test_every_provider_answers() -> None:
    with simulated_environment(lambda question: f"I am {question.model}") as server:
        for name in provider_names():
            if name not in SILENT:
                seen = len(server.requests)
                assert init_chat_model("some-model", model_provider=name).invoke("Who are you?").text == "I am some-model"
                assert len(server.requests) == seen + 1, name


def test_the_environment_is_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "mine")
    monkeypatch.setenv("NO_PROXY", "intranet")
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), simulated_environment() as server:
        assert os.environ["OPENAI_BASE_URL"] == f"{server.url}/v1"
        assert os.environ["OPENAI_API_KEY"] != "mine"
        assert os.environ["NO_PROXY"] == "127.0.0.1,intranet"
        raise ZeroDivisionError
    assert dict(os.environ) == before


def test_it_can_be_given_to_another_process() -> None:
    variables = environment_of("http://127.0.0.1:8123")
    assert variables["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:8123"
    keys = {cls.api_key_env[0] for cls in map(provider_class, provider_names()) if cls.api_key_env}
    assert keys <= variables.keys()
    assert all(value and "{" not in value for value in variables.values())
