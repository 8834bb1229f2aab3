"""The page's advanced topics, from model profiles to log probabilities: its snippets with other imports."""
# ruff: noqa: B018, RET504 (the page is left as it is)

from chatkit.rate_limiters import InMemoryRateLimiter
from chatkit_openai import ChatOpenAI
from tests.page.placeholders import init_chat_model


def profile(model):
    model.profile
    # {
    #   "max_input_tokens": 400000,
    #   "image_inputs": True,
    #   "reasoning_output": True,
    #   "tool_calling": True,
    #   ...
    # }


def custom_profile():
    custom_profile = {
        "max_input_tokens": 100_000,
        "tool_calling": True,
        "structured_output": True,
        # ...
    }
    model = init_chat_model("...", profile=custom_profile)

    return model


def profile_of_a_copy(model):
    new_profile = model.profile | {"key": "value"}
    model.model_copy(update={"profile": new_profile})

    return new_profile


def multimodal_output(model):
    response = model.invoke("Create a picture of a cat")
    print(response.content_blocks)
    # [
    #     {"type": "text", "text": "Here's a picture of a cat"},
    #     {"type": "image", "base64": "...", "mime_type": "image/jpeg"},
    # ]


def stream_reasoning(model):
    for chunk in model.stream("Why do parrots have colorful feathers?"):
        reasoning_steps = [r for r in chunk.content_blocks if r["type"] == "reasoning"]
        print(reasoning_steps if reasoning_steps else chunk.text)


def complete_reasoning(model):
    response = model.invoke("Why do parrots have colorful feathers?")
    reasoning_steps = [b for b in response.content_blocks if b["type"] == "reasoning"]
    print(" ".join(step["reasoning"] for step in reasoning_steps))


def server_side_tool_use():
    model = init_chat_model("gpt-4.1-mini")

    tool = {"type": "web_search"}
    model_with_tools = model.bind_tools([tool])

    response = model_with_tools.invoke("What was a positive news story from today?")
    response.content_blocks

    return response


def rate_limiter():
    rate_limiter = InMemoryRateLimiter(
        requests_per_second=0.1,  # 1 request every 10s
        check_every_n_seconds=0.1,  # Check every 100ms whether allowed to make a request
        max_bucket_size=10,  # Controls the maximum burst size.
    )

    model = init_chat_model(model="gpt-5", model_provider="openai", rate_limiter=rate_limiter)

    return model


def base_url():
    model = init_chat_model(
        model="MODEL_NAME",
        model_provider="openai",
        base_url="BASE_URL",
        api_key="YOUR_API_KEY",
    )

    return model


def proxy():
    model = ChatOpenAI(model="gpt-4o", openai_proxy="http://proxy.example.com:8080")

    return model


def log_probabilities():
    model = init_chat_model(model="gpt-4o", model_provider="openai").bind(logprobs=True)

    response = model.invoke("Why do parrots talk?")
    print(response.response_metadata["logprobs"])

    return response
