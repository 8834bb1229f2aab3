"""boto3 against the simulator: whoever wrote it did not know this server."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.simulator import Fault, Reply, Server, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

boto3 = pytest.importorskip("boto3", reason="the official client is not installed")

MODEL = "us.anthropic.claude-sonnet-4-6-v1:0"
HELLO: list[Any] = [{"role": "user", "content": [{"text": "Hello"}]}]
GREETING = "Hi there! How can I help today?"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = {"tools": [{"toolSpec": {"name": "get_weather", "description": "The weather.", "inputSchema": {"json": SCHEMA}}}]}


@pytest.fixture
def server() -> Iterator[Server]:
    with simulate() as running:
        yield running


Client = Callable[[Server], Any]


@pytest.fixture
def client() -> Iterator[Client]:
    """Makes clients of a server; they are closed in the end."""
    from botocore.config import Config

    made: list[Any] = []
    keys = {"aws_access_key_id": "AK", "aws_secret_access_key": "SK", "region_name": "us-east-1"}
    once = Config(retries={"total_max_attempts": 1})

    def make(server: Server) -> Any:
        made.append(boto3.client("bedrock-runtime", endpoint_url=server.url, config=once, **keys))
        return made[-1]

    yield make
    for api in made:
        api.close()


def summed(stream: Any) -> dict[str, Any]:
    """What the events of a ConverseStream add up to, in the form of a Converse answer."""
    blocks: dict[int, dict[str, Any]] = {}
    facts: dict[str, Any] = {}
    for event in stream:
        for kind, said in event.items():
            if kind == "contentBlockStart" and "toolUse" in said["start"]:
                blocks[said["contentBlockIndex"]] = {"toolUse": {**said["start"]["toolUse"], "input": ""}}
            elif kind == "contentBlockDelta":
                _add(blocks.setdefault(said["contentBlockIndex"], {}), said["delta"])
            elif kind in ("messageStop", "metadata"):
                facts.update(said)
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"])
    return {"content": [block for _, block in sorted(blocks.items())], **facts}


def _add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    elif "reasoningContent" in delta:
        thought = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {"text": ""})
        said = delta["reasoningContent"]
        thought["text"] += said.get("text", "")
        thought.update({"signature": said["signature"]} if "signature" in said else {})


def asked(api: Any, stream: bool, **request: Any) -> dict[str, Any]:
    if stream:
        return summed(api.converse_stream(modelId=MODEL, **request)["stream"])
    answer = api.converse(modelId=MODEL, **request)
    return {"content": answer["output"]["message"]["content"], **{key: answer[key] for key in ("stopReason", "usage", "metrics")}}


def test_whole_and_streamed_answers_are_the_same(server: Server, client: Client) -> None:
    whole = asked(client(server), False, messages=HELLO)
    assert whole["content"] == [{"text": GREETING}]
    assert whole["stopReason"] == "end_turn"
    assert whole["usage"]["totalTokens"] > 0
    assert asked(client(server), True, messages=HELLO) == whole


def test_a_stream_comes_in_pieces(server: Server, client: Client) -> None:
    events = list(client(server).converse_stream(modelId=MODEL, messages=HELLO)["stream"])
    assert [next(iter(event)) for event in (events[0], *events[-3:])] == [
        "messageStart",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert len([event for event in events if "contentBlockDelta" in event]) > 3


@pytest.mark.parametrize("stream", [False, True])
def test_reasoning_and_a_round_of_tools(server: Server, client: Client, stream: bool) -> None:
    talk: list[Any] = [{"role": "user", "content": [{"text": "What is the weather in Paris?"}]}]
    think = {"thinking": {"type": "adaptive"}}
    answer = asked(client(server), stream, messages=talk, toolConfig=TOOLS, additionalModelRequestFields=think)
    thought, call = answer["content"]
    assert thought["reasoningContent"]["reasoningText"]["signature"]
    assert (call["toolUse"]["name"], call["toolUse"]["input"]) == ("get_weather", {"city": "Paris"})
    assert answer["stopReason"] == "tool_use"
    result = {"toolUseId": call["toolUse"]["toolUseId"], "content": [{"text": "18 °C"}]}
    talk += [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": [{"toolResult": result}]}]
    assert "18 °C" in asked(client(server), stream, messages=talk, toolConfig=TOOLS)["content"][-1]["text"]


@pytest.mark.parametrize("stream", [False, True])
def test_every_block_is_one_that_boto3_knows(client: Client, stream: bool) -> None:
    blocks = [
        {"type": "non_standard", "value": {"reasoningContent": {"redactedContent": "cmVk"}}},
        {"type": "server_tool_call", "id": "s1", "name": "nova_code_interpreter", "args": {"snippet": "1+1"}},
        {"type": "server_tool_result", "tool_call_id": "s1", "status": "success", "output": "2"},
        {"type": "image", "base64": "AAAA", "mime_type": "image/png"},
        {"type": "text", "text": "Yes.", "annotations": [{"type": "citation", "url": "https://x.test", "cited_text": "q"}]},
    ]
    with simulate([Reply(blocks=blocks)]) as server:
        api = client(server)
        if not stream:
            said = api.converse(modelId=MODEL, messages=HELLO)["output"]["message"]["content"]
            assert [next(iter(block)) for block in said] == [
                "reasoningContent",
                "toolUse",
                "toolResult",
                "image",
                "citationsContent",
            ]
            assert said[0]["reasoningContent"]["redactedContent"] == b"red"
            return
        events = list(api.converse_stream(modelId=MODEL, messages=HELLO)["stream"])
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert deltas[0]["reasoningContent"]["redactedContent"] == b"red"
    assert [delta["citation"]["location"] for delta in deltas if "citation" in delta] == [{"web": {"url": "https://x.test"}}]
    assert [delta["image"]["source"]["bytes"] for delta in deltas if "image" in delta] == [b"\x00\x00\x00"]
    starts = [event["contentBlockStart"]["start"] for event in events if "contentBlockStart" in event]
    assert [next(iter(start)) for start in starts] == ["toolUse", "toolResult", "image"]


def test_the_cache_of_prompts(server: Server, client: Client) -> None:
    point: Any = {"cachePoint": {"type": "default"}}
    talk: list[Any] = [{"role": "user", "content": [{"text": "A long document"}, point]}]
    first = asked(client(server), False, messages=talk)["usage"]
    second = asked(client(server), False, messages=talk, system=[])["usage"]
    assert first["cacheWriteInputTokens"] == second["cacheReadInputTokens"] > 0
    assert first["cacheReadInputTokens"] == second["cacheWriteInputTokens"] == 0


BODY = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_word(server: Server, client: Client, stream: bool) -> None:
    answer = asked(client(server), stream, messages=HELLO, inferenceConfig={"stopSequences": ["help", "can"]})
    assert (answer["content"], answer["stopReason"]) == ([{"text": "Hi there! How "}], "stop_sequence")


def test_which_stop_word_it_was_is_told_to_those_who_ask(server: Server, client: Client) -> None:
    asked = {"inferenceConfig": {"stopSequences": ["can"]}, "additionalModelResponseFieldPaths": ["/stop_sequence"]}
    answer = client(server).converse(modelId=MODEL, messages=HELLO, **asked)
    assert answer["additionalModelResponseFields"] == {"stop_sequence": "can"}


def test_a_result_that_is_json(server: Server, client: Client) -> None:
    talk: list[Any] = [{"role": "user", "content": [{"text": "What is the weather in Paris?"}]}]
    talk.append(client(server).converse(modelId=MODEL, messages=talk, toolConfig=TOOLS)["output"]["message"])
    id = talk[-1]["content"][-1]["toolUse"]["toolUseId"]
    talk.append({"role": "user", "content": [{"toolResult": {"toolUseId": id, "content": [{"json": {"degrees": 18}}]}}]})
    assert asked(client(server), False, messages=talk, toolConfig=TOOLS)["content"][-1]["text"].endswith('{"degrees":18}')


def test_invoke_model(server: Server, client: Client) -> None:
    answer = client(server).invoke_model(modelId=MODEL, body=json.dumps(BODY))
    assert json.loads(answer["body"].read())["content"] == [{"type": "text", "text": GREETING}]


def test_invoke_model_with_response_stream(server: Server, client: Client) -> None:
    answer = client(server).invoke_model_with_response_stream(modelId=MODEL, body=json.dumps(BODY))
    assert answer["contentType"] == "application/json"
    said = [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]
    assert (said[0]["type"], said[-1]["type"]) == ("message_start", "message_stop")
    pieces = [item["delta"]["text"] for item in said if item["type"] == "content_block_delta"]
    assert len(pieces) > 3
    assert "".join(pieces) == GREETING


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault(status=400), "ValidationException"),
        (Fault(status=403, kind="permission"), "AccessDeniedException"),
        (Fault(status=404), "ResourceNotFoundException"),
        (Fault(status=424), "ModelErrorException"),
        (Fault(status=429), "ThrottlingException"),
        (Fault(status=500), "InternalServerException"),
        (Fault(status=503), "ServiceUnavailableException"),
    ],
)
def test_errors_have_the_names_that_boto3_knows(client: Client, fault: Fault, code: str) -> None:
    from botocore.exceptions import ClientError

    with simulate(fault=fault) as server, pytest.raises(ClientError) as caught:
        client(server).converse(modelId=MODEL, messages=HELLO)
    assert caught.value.response["Error"]["Code"] == code
    assert type(caught.value).__name__ == code


ERRORS_IN_STREAMS = [
    ("rate_limit", "throttlingException"),
    ("bad_request", "validationException"),
    ("model_error", "modelStreamErrorException"),
    ("timeout", "modelStreamErrorException"),
]


@pytest.mark.parametrize(("kind", "code"), ERRORS_IN_STREAMS)
def test_errors_inside_a_stream(client: Client, kind: str, code: str) -> None:
    from botocore.exceptions import EventStreamError

    with simulate(fault=Fault(error="after", kind=kind)) as server:
        stream = client(server).converse_stream(modelId=MODEL, messages=HELLO)["stream"]
        with pytest.raises(EventStreamError) as caught, closing(stream):
            list(stream)
    assert caught.value.response["Error"]["Code"] == code


def test_botocore_decodes_what_chatkit_writes() -> None:
    from botocore.eventstream import EventStreamBuffer

    from chatkit.wire.awsstream import encode_message

    buffer = EventStreamBuffer()
    buffer.add_data(encode_message({":event-type": "x", "city": "Zürich"}, b"payload"))
    assert [(message.headers, message.payload) for message in buffer] == [({":event-type": "x", "city": "Zürich"}, b"payload")]
