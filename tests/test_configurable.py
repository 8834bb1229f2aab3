"""Models that are chosen when they are called (spec 1Y)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from chatkit import init_chat_model
from chatkit.callbacks import get_usage_metadata_callback
from chatkit.errors import InputError, InputTypeError, UnknownProviderError
from chatkit.runs import current_run
from chatkit.steps import runnable
from tests.callbacks.listener import Listener

if TYPE_CHECKING:
    from chatkit.configurable import ConfigurableModel

pytestmark = pytest.mark.anyio

TOOL = {
    "name": "GetWeather",
    "description": "Weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def configurable(**values: Any) -> dict[str, Any]:
    return {"configurable": values}


def chosen(model: ConfigurableModel, /, **values: Any) -> Any:
    return model._chosen(configurable(**values))[0]


async def test_without_a_default(anyio_backend: str) -> None:
    model = init_chat_model(temperature=0)
    first = await model.ainvoke("hi", configurable(model="simulator:one"))
    chunks = [chunk async for chunk in model.astream("hi", configurable(model="two", model_provider="simulator"))]
    assert first.response_metadata["model_name"] == "one"
    assert sum(chunks[1:], chunks[0]).response_metadata["model_name"] == "two"
    assert chosen(model, model="simulator:one").temperature == 0
    with pytest.raises(InputTypeError, match="no model is set"):
        await model.ainvoke("hi")


async def test_with_a_default_and_a_prefix(anyio_backend: str) -> None:
    model = init_chat_model(
        "simulator:one",
        temperature=0,
        configurable_fields=("model", "model_provider", "temperature", "max_tokens"),
        config_prefix="first",
    )
    assert (await model.ainvoke("hi")).response_metadata["model_name"] == "one"
    other = chosen(model, first_model="simulator:two", first_temperature=0.5, first_max_tokens=100)
    assert (other.model, other.temperature, other.max_tokens) == ("two", 0.5, 100)
    assert chosen(model, first_max_tokens=7).model == "one"


def test_for_sync_code() -> None:
    model = init_chat_model()
    config = configurable(model="simulator:one")
    assert model.invoke("hi", config).text
    assert "".join(chunk.text for chunk in model.stream("hi", config)) == model.invoke("hi", config).text
    assert len(model.batch(["a", "b"], config)) == 2


async def test_everything_may_be_configurable(anyio_backend: str) -> None:
    model = init_chat_model("simulator:one", configurable_fields="any", config_prefix="x")
    assert chosen(model, x_top_p=0.5, x_base_url="http://localhost:1/v1").base_url == "http://localhost:1/v1"
    with pytest.raises(InputError, match="no parameter 'nonsense'"):
        await model.ainvoke("hi", configurable(x_nonsense=1))


@pytest.mark.parametrize(
    ("fields", "prefix", "given", "words"),
    [
        (("model",), None, {"temperature": 1}, "'temperature' is not configurable here; configurable is: model"),
        (("model", "temperature"), None, {"temprature": 1}, "Did you mean 'temperature'"),
        (("model",), None, {"nonsense": 1}, "'nonsense' is not configurable"),
        (("model",), "zz", {"zz_temperature": 1}, "'zz_temperature' is not configurable here; configurable is: zz_model"),
        (("model",), "zz", {"zzmodel": 1}, "Did you mean 'zz_model'"),
    ],
)
async def test_keys_that_nobody_reads(
    anyio_backend: str, fields: Any, prefix: str | None, given: dict[str, Any], words: str
) -> None:
    model = init_chat_model("simulator:one", configurable_fields=fields, config_prefix=prefix)
    with pytest.raises(InputError, match=words):
        await model.ainvoke("hi", configurable(**given))
    with pytest.raises(InputError, match=words):
        model.with_config(configurable(**given))


async def test_keys_of_others(anyio_backend: str) -> None:
    """One config may be for several models, for code around them, and for those who keep threads."""
    first = init_chat_model("simulator:a", configurable_fields=("model",), config_prefix="first")
    second = init_chat_model("simulator:b", configurable_fields=("model",), config_prefix="second")
    both = configurable(first_model="simulator:x", second_model="simulator:y", thread_id="7")
    names = [(await model.ainvoke("hi", both)).response_metadata["model_name"] for model in (first, second)]
    assert names == ["x", "y"]

    @runnable
    async def step(text: str, config: Any) -> Any:
        assert config["configurable"]["favourite"] == "blue"
        return await first.ainvoke(text, config)

    answer = await step.ainvoke("hi", configurable(first_model="simulator:z", favourite="blue"))
    assert answer.response_metadata["model_name"] == "z"


async def test_configs_of_surrounding_runs_count(anyio_backend: str) -> None:
    model = init_chat_model()
    chain = (lambda text: text) | model | (lambda message: message.response_metadata["model_name"])
    assert await chain.ainvoke("hi", configurable(model="simulator:one")) == "one"
    assert current_run.get() is None


async def test_operations_are_kept_for_the_model_that_is_made(anyio_backend: str) -> None:
    model = init_chat_model(temperature=0).bind_tools([TOOL], tool_choice="any").bind(max_tokens=9)
    answer = await model.ainvoke("the weather in Rome", configurable(model="simulator:one"))
    assert answer.tool_calls[0]["name"] == "GetWeather"
    made = chosen(model, model="simulator:one")
    assert (made.max_tokens, made.tool_choice) == (9, "any")
    schema = {"title": "Movie", "type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    movie = (
        await init_chat_model().with_structured_output(schema).with_retry().ainvoke("Alien", configurable(model="simulator:x"))
    )
    assert set(movie) == {"title"}
    fallback = init_chat_model().with_fallbacks([init_chat_model("simulator:b")])
    assert (await fallback.ainvoke("hi", configurable(model="simulator:broken?fault=500"))).response_metadata["model_name"] == "b"


async def test_values_as_new_defaults(anyio_backend: str) -> None:
    model = init_chat_model(configurable_fields=("model", "temperature"), config_prefix="p")
    own = model.with_configurable(model="simulator:one", temperature=0.5)
    assert (own.model, own.temperature) == ("one", 0.5)
    assert chosen(own, p_temperature=1.0).temperature == 1.0
    same = model.with_config({"configurable": {"p_model": "simulator:one"}, "tags": ["t"]})
    listener = Listener("on_chat_model_start")
    await same.ainvoke("hi", {"callbacks": [listener]})
    assert listener.heard[0].tags == ["t"]
    with pytest.raises(InputError, match="p_top_p"):
        model.with_configurable(top_p=1)


def test_attributes_are_the_default_models() -> None:
    model = init_chat_model("simulator:one", temperature=0.25, configurable_fields=("model",))
    assert (model.model, model.temperature) == ("one", 0.25)
    with pytest.raises(AttributeError, match="default model"):
        init_chat_model().temperature  # noqa: B018
    with pytest.raises(AttributeError):
        model.nonsense  # noqa: B018


def test_the_provider_of_a_model_that_is_named_alone() -> None:
    """Inferred when the default's was; kept when it was given, unless that cannot be meant (spec D54)."""
    fields = ("model",)
    inferred = init_chat_model("gpt-5", configurable_fields=fields, api_key="k")
    assert type(chosen(inferred, model="claude-sonnet-4-5")).__name__ == "ChatAnthropic"
    hosted = init_chat_model("gpt-5", model_provider="openrouter", configurable_fields=fields, api_key="k")
    assert type(chosen(hosted, model="claude-sonnet-4-5")).__name__ == "ChatOpenRouter"
    given = init_chat_model("gpt-5", model_provider="openai", configurable_fields=fields, api_key="k")
    assert type(chosen(given, model="gpt-4.1")).__name__ == "ChatOpenAI"
    assert type(chosen(given, model="anthropic:claude-sonnet-4-5")).__name__ == "ChatAnthropic"
    with pytest.raises(InputError, match="looks like a model of anthropic"):
        chosen(given, model="claude-sonnet-4-5")
    elsewhere = init_chat_model(
        "x", model_provider="openai", base_url="http://localhost:1/v1", configurable_fields=fields, api_key="k"
    )
    assert type(chosen(elsewhere, model="claude-sonnet-4-5")).__name__ == "ChatOpenAI"
    with pytest.raises(UnknownProviderError):
        chosen(inferred, model="nobody-knows")


def test_models_are_made_once() -> None:
    model = init_chat_model(temperature=0).bind_tools([TOOL])
    config = configurable(model="simulator:one")
    made = model._chosen(config)[0]
    assert model._chosen(configurable(model="simulator:one"))[0] is made
    assert model._chosen(configurable(model="simulator:two"))[0] is not made
    any_field = init_chat_model("simulator:one", configurable_fields="any")
    assert chosen(any_field, seed=1) is not chosen(any_field, seed=2)
    assert chosen(any_field, stop=["a"]) is chosen(any_field, stop=["a"])
    best = min(_seconds(lambda: model._chosen(config)) for _ in range(5))
    assert best < 50e-6


def _seconds(work: Any, times: int = 200) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def test_only_so_many_models_are_kept() -> None:
    model = init_chat_model()
    for number in range(200):
        chosen(model, model=f"simulator:{number}")
    assert len(model._made) == 128


async def test_feeds_and_usage(anyio_backend: str) -> None:
    model, config = init_chat_model(), configurable(model="simulator:one")
    events = [event async for event in model.astream_events("hi", config)]
    assert events[0]["data"] == {"input": "hi"}
    assert events[-1]["event"] == "on_chat_model_end"
    stream = await model.astream_events("hi", config, version="v3")
    with get_usage_metadata_callback() as usage:
        message = await model.ainvoke("hi", config)
    assert await stream.text == message.text
    assert set(usage.usage_metadata) == {"one"}


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(InputTypeError, match="list of names"):
        init_chat_model("simulator:one", configurable_fields="model")
    with pytest.warns(UserWarning, match="config_prefix"):
        init_chat_model("simulator:one", config_prefix="x")
