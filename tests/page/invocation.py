"""The page's sections Invoke, Stream, Batch: their snippets with other imports."""

from chatkit.messages import AIMessage, HumanMessage, SystemMessage


def single_message(model):
    response = model.invoke("Why do parrots have colorful feathers?")
    print(response)


def dictionary_format(model):
    conversation = [
        {"role": "system", "content": "You are a helpful assistant that translates English to French."},
        {"role": "user", "content": "Translate: I love programming."},
        {"role": "assistant", "content": "J'adore la programmation."},
        {"role": "user", "content": "Translate: I love building applications."},
    ]

    response = model.invoke(conversation)
    print(response)  # AIMessage("J'adore créer des applications.")


def message_objects(model):
    conversation = [
        SystemMessage("You are a helpful assistant that translates English to French."),
        HumanMessage("Translate: I love programming."),
        AIMessage("J'adore la programmation."),
        HumanMessage("Translate: I love building applications."),
    ]

    response = model.invoke(conversation)
    print(response)  # AIMessage("J'adore créer des applications.")


def basic_text_streaming(model):
    for chunk in model.stream("Why do parrots have colorful feathers?"):
        print(chunk.text, end="|", flush=True)


def stream_other_content(model):
    for chunk in model.stream("What color is the sky?"):
        for block in chunk.content_blocks:
            if block["type"] == "reasoning" and (reasoning := block.get("reasoning")):
                print(f"Reasoning: {reasoning}")
            elif block["type"] == "tool_call_chunk":
                print(f"Tool call chunk: {block}")
            elif block["type"] == "text":
                print(block["text"])
            else:
                ...


def construct_a_message(model):
    full = None  # None | AIMessageChunk
    for chunk in model.stream("What color is the sky?"):
        full = chunk if full is None else full + chunk
        print(full.text)

    # The
    # The sky
    # The sky is
    # The sky is typically
    # The sky is typically blue
    # ...

    print(full.content_blocks)
    # [{"type": "text", "text": "The sky is typically blue..."}]

    return full


async def streaming_events(model):
    async for event in model.astream_events("Hello"):
        if event["event"] == "on_chat_model_start":
            print(f"Input: {event['data']['input']}")

        elif event["event"] == "on_chat_model_stream":
            print(f"Token: {event['data']['chunk'].text}")

        elif event["event"] == "on_chat_model_end":
            print(f"Full message: {event['data']['output'].text}")

        else:
            pass


def batch(model):
    responses = model.batch(["Why do parrots have colorful feathers?", "How do airplanes fly?", "What is quantum computing?"])
    for response in responses:
        print(response)


def batch_as_completed(model):
    for response in model.batch_as_completed(
        ["Why do parrots have colorful feathers?", "How do airplanes fly?", "What is quantum computing?"]
    ):
        print(response)


def batch_with_max_concurrency(model, list_of_inputs):
    model.batch(
        list_of_inputs,
        config={
            "max_concurrency": 5,  # Limit to 5 parallel calls
        },
    )
