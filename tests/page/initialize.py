"""The page's sections Initialize a model, Parameters: their snippets with other imports."""
# ruff: noqa: RET504 (the page is left as it is)

from chatkit.chat_models import init_chat_model
from chatkit_anthropic import ChatAnthropic
from chatkit_aws import ChatBedrock
from chatkit_google_genai import ChatGoogleGenerativeAI
from chatkit_huggingface import ChatHuggingFace, HuggingFaceEndpoint
from chatkit_openai import AzureChatOpenAI, ChatOpenAI
from tests.page.placeholders import os


def openai():
    os.environ["OPENAI_API_KEY"] = "sk-..."

    model = init_chat_model("gpt-4.1")

    return model


def openai_class():
    os.environ["OPENAI_API_KEY"] = "sk-..."

    model = ChatOpenAI(model="gpt-4.1")

    return model


def anthropic():
    os.environ["ANTHROPIC_API_KEY"] = "sk-..."

    model = init_chat_model("claude-sonnet-4-5-20250929")

    return model


def anthropic_class():
    os.environ["ANTHROPIC_API_KEY"] = "sk-..."

    model = ChatAnthropic(model="claude-sonnet-4-5-20250929")

    return model


def azure():
    os.environ["AZURE_OPENAI_API_KEY"] = "..."
    os.environ["AZURE_OPENAI_ENDPOINT"] = "..."
    os.environ["OPENAI_API_VERSION"] = "2025-03-01-preview"

    model = init_chat_model(
        "azure_openai:gpt-4.1",
        azure_deployment=os.environ["AZURE_OPENAI_DEPLOYMENT_NAME"],
    )

    return model


def azure_class():
    os.environ["AZURE_OPENAI_API_KEY"] = "..."
    os.environ["AZURE_OPENAI_ENDPOINT"] = "..."
    os.environ["OPENAI_API_VERSION"] = "2025-03-01-preview"

    model = AzureChatOpenAI(model="gpt-4.1", azure_deployment=os.environ["AZURE_OPENAI_DEPLOYMENT_NAME"])

    return model


def google_gemini():
    os.environ["GOOGLE_API_KEY"] = "..."

    model = init_chat_model("google_genai:gemini-2.5-flash-lite")

    return model


def google_gemini_class():
    os.environ["GOOGLE_API_KEY"] = "..."

    model = ChatGoogleGenerativeAI(model="gemini-2.5-flash-lite")

    return model


def aws_bedrock():
    # Follow the steps here to configure your credentials:
    # https://docs.aws.amazon.com/bedrock/latest/userguide/getting-started.html

    model = init_chat_model(
        "anthropic.claude-3-5-sonnet-20240620-v1:0",
        model_provider="bedrock_converse",
    )

    return model


def aws_bedrock_class():
    model = ChatBedrock(model="anthropic.claude-3-5-sonnet-20240620-v1:0")

    return model


def huggingface():
    os.environ["HUGGINGFACEHUB_API_TOKEN"] = "hf_..."

    model = init_chat_model(
        "microsoft/Phi-3-mini-4k-instruct",
        model_provider="huggingface",
        temperature=0.7,
        max_tokens=1024,
    )

    return model


def huggingface_class():
    os.environ["HUGGINGFACEHUB_API_TOKEN"] = "hf_..."

    llm = HuggingFaceEndpoint(
        repo_id="microsoft/Phi-3-mini-4k-instruct",
        temperature=0.7,
        max_length=1024,
    )
    model = ChatHuggingFace(llm=llm)

    return model


def first_question(model):
    response = model.invoke("Why do parrots talk?")

    return response


def parameters():
    model = init_chat_model(
        "claude-sonnet-4-5-20250929",
        # Kwargs passed to the model:
        temperature=0.7,
        timeout=30,
        max_tokens=1000,
    )

    return model
