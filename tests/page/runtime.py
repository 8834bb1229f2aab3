"""The page's sections Token usage, Invocation config, Configurable models: their snippets with other imports."""
# ruff: noqa: B018, F841, RET504 (the page is left as it is)

from pydantic import BaseModel, Field

from chatkit.callbacks import UsageMetadataCallbackHandler, get_usage_metadata_callback
from chatkit.chat_models import init_chat_model


def usage_callback_handler():
    model_1 = init_chat_model(model="gpt-4o-mini")
    model_2 = init_chat_model(model="claude-haiku-4-5-20251001")

    callback = UsageMetadataCallbackHandler()
    result_1 = model_1.invoke("Hello", config={"callbacks": [callback]})
    result_2 = model_2.invoke("Hello", config={"callbacks": [callback]})
    callback.usage_metadata

    return callback


def usage_context_manager():
    model_1 = init_chat_model(model="gpt-4o-mini")
    model_2 = init_chat_model(model="claude-haiku-4-5-20251001")

    with get_usage_metadata_callback() as cb:
        model_1.invoke("Hello")
        model_2.invoke("Hello")
        print(cb.usage_metadata)


def invocation_config(model, my_callback_handler):
    response = model.invoke(
        "Tell me a joke",
        config={
            "run_name": "joke_generation",  # Custom name for this run
            "tags": ["humor", "demo"],  # Tags for categorization
            "metadata": {"user_id": "123"},  # Custom metadata
            "callbacks": [my_callback_handler],  # Callback handlers
        },
    )

    return response


def configurable_model():
    configurable_model = init_chat_model(temperature=0)

    configurable_model.invoke(
        "what's your name",
        config={"configurable": {"model": "gpt-5-nano"}},  # Run with GPT-5-Nano
    )
    configurable_model.invoke(
        "what's your name",
        config={"configurable": {"model": "claude-sonnet-4-5-20250929"}},  # Run with Claude
    )

    return configurable_model


def configurable_with_defaults():
    first_model = init_chat_model(
        model="gpt-4.1-mini",
        temperature=0,
        configurable_fields=("model", "model_provider", "temperature", "max_tokens"),
        config_prefix="first",  # Useful when you have a chain with multiple models
    )

    first_model.invoke("what's your name")

    return first_model


def configurable_with_prefix(first_model):
    first_model.invoke(
        "what's your name",
        config={
            "configurable": {
                "first_model": "claude-sonnet-4-5-20250929",
                "first_temperature": 0.5,
                "first_max_tokens": 100,
            }
        },
    )


def declarative_operations():
    class GetWeather(BaseModel):
        """Get the current weather in a given location"""

        location: str = Field(..., description="The city and state, e.g. San Francisco, CA")

    class GetPopulation(BaseModel):
        """Get the current population in a given location"""

        location: str = Field(..., description="The city and state, e.g. San Francisco, CA")

    model = init_chat_model(temperature=0)
    model_with_tools = model.bind_tools([GetWeather, GetPopulation])

    model_with_tools.invoke("what's bigger in 2024 LA or NYC", config={"configurable": {"model": "gpt-4.1-mini"}}).tool_calls

    return model_with_tools


def declarative_operations_with_claude(model_with_tools):
    model_with_tools.invoke(
        "what's bigger in 2024 LA or NYC",
        config={"configurable": {"model": "claude-sonnet-4-5-20250929"}},
    ).tool_calls
