"""Where the Bedrock classes find region, address and credentials, and what they put on a request."""

from __future__ import annotations

import importlib.util
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.codec import Call, Request
from chatkit.errors import InputError, MissingKeyError
from chatkit.messages import HumanMessage
from chatkit.secrets import Secret
from chatkit_aws import ChatBedrock, ChatBedrockConverse
from chatkit_aws.credentials import Credentials
from chatkit_aws.profiles import read_profile

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "amazon.nova-lite-v1:0"
REGION = "eu-west-1"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the profile files, empty at first."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


@pytest.fixture
def no_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "botocore" else find(name, *rest))


def key_of(model: ChatBedrockConverse | ChatBedrock) -> str:
    """The key as the core resolves it."""
    key: Any = model._api_key
    return key.get_secret_value() if isinstance(key, Secret) else key()


def keys_of(model: ChatBedrockConverse | ChatBedrock) -> tuple[str, str, str | None] | None:
    found = Credentials.unpacked(key_of(model))
    return found and (found.access_key, found.secret_key, found.token)


def signed(model: ChatBedrockConverse, headers: dict[str, str] | None = None) -> Request:
    call = Call(model.model, [HumanMessage("Hi")], {}, api_key=key_of(model))
    request = model._encode(call)
    return model._sign(Request(request.url, request.body, {**request.headers, **(headers or {})}), call)


# Credentials.


def test_an_api_key_is_sent_as_bearer_token() -> None:
    model = ChatBedrockConverse(MODEL, region_name=REGION, api_key="ABSK-token")
    assert signed(model).headers["authorization"] == "Bearer ABSK-token"
    assert "ABSK" not in repr(model)


def test_an_api_key_may_be_a_function() -> None:
    model = ChatBedrockConverse(MODEL, region_name=REGION, api_key=lambda: "fresh")
    assert signed(model).headers["authorization"] == "Bearer fresh"


def test_passed_keys_count_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "token of the environment")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SKENV")
    model = ChatBedrockConverse(
        MODEL, region_name=REGION, aws_access_key_id="AK", aws_secret_access_key=Secret("SK"), aws_session_token="ST"
    )
    assert keys_of(model) == ("AK", "SK", "ST")
    assert key_of(ChatBedrockConverse(MODEL, region_name=REGION, api_key="passed")) == "passed"
    assert key_of(ChatBedrockConverse(MODEL, region_name=REGION)) == "token of the environment"


def test_access_keys_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SKENV")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "STENV")
    assert keys_of(ChatBedrock(MODEL, region_name=REGION)) == ("AKENV", "SKENV", "STENV")


def test_secrets_do_not_show() -> None:
    model = ChatBedrockConverse(MODEL, region_name=REGION, aws_access_key_id="AKID", aws_secret_access_key="hush")
    assert "hush" not in repr(model)
    assert "hush" not in repr(Credentials("AKID", "hush", "hush-hush"))


def test_half_a_pair_of_keys_is_an_error() -> None:
    with pytest.raises(MissingKeyError, match="both aws_access_key_id and aws_secret_access_key"):
        ChatBedrockConverse(MODEL, region_name=REGION, aws_access_key_id="AK")


def test_keys_of_a_profile_are_read_for_every_request(files: Path) -> None:
    (files / "credentials").write_text("[work]\naws_access_key_id = AK1\naws_secret_access_key = SK1\naws_session_token=T1\n")
    model = ChatBedrockConverse(MODEL, region_name=REGION, credentials_profile_name="work")
    assert keys_of(model) == ("AK1", "SK1", "T1")
    (files / "credentials").write_text("[work]\naws_access_key_id = AK2\naws_secret_access_key = SK2\n")
    assert keys_of(model) == ("AK2", "SK2", None)


def test_the_environment_names_the_profile(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (files / "config").write_text("[profile dev]\nregion = us-west-2\naws_access_key_id = AK\naws_secret_access_key = SK\n")
    monkeypatch.setenv("AWS_PROFILE", "dev")
    model = ChatBedrockConverse(MODEL)
    assert keys_of(model) == ("AK", "SK", None)
    assert model.base_url == "https://bedrock-runtime.us-west-2.amazonaws.com"


def test_the_default_profile_and_both_files(files: Path) -> None:
    (files / "config").write_text('[default]\nregion = us-west-2\naws_access_key_id = no\n[profile "q"]\nregion=x\n')
    (files / "credentials").write_text("[default]\naws_access_key_id = AK\naws_secret_access_key = S%K\n")
    assert read_profile() == {"region": "us-west-2", "aws_access_key_id": "AK", "aws_secret_access_key": "S%K"}
    assert read_profile("q") == {"region": "x"}
    assert read_profile("none") == {}


def test_files_that_cannot_be_read_hold_nothing(files: Path) -> None:
    (files / "config").write_text("no section\n")
    (files / "credentials").write_bytes(b"\xff\xfe[default]")
    assert read_profile() == {}


def test_an_unknown_profile_is_an_error_at_once() -> None:
    with pytest.raises(MissingKeyError, match="no profile 'nobody'"):
        ChatBedrockConverse(MODEL, region_name=REGION, credentials_profile_name="nobody")


@pytest.mark.usefixtures("no_botocore")
def test_no_credentials_at_all_is_an_error_at_once() -> None:
    with pytest.raises(MissingKeyError, match=r"AWS_BEARER_TOKEN_BEDROCK.*botocore"):
        ChatBedrockConverse(MODEL, region_name=REGION)


@pytest.mark.usefixtures("no_botocore")
def test_a_profile_with_a_role_needs_botocore(files: Path) -> None:
    (files / "credentials").write_text("[r]\naws_access_key_id=AK\naws_secret_access_key=SK\nrole_arn=arn:aws:iam::1:role/x\n")
    with pytest.raises(MissingKeyError, match="install botocore"):
        ChatBedrockConverse(MODEL, region_name=REGION, credentials_profile_name="r")


class BotoCoreError(Exception):
    """What botocore raises."""


@pytest.fixture
def botocore(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A module that answers as botocore does: `chain` is what its session finds."""
    state: dict[str, Any] = {"chain": None, "sessions": 0}

    class Session:
        def __init__(self, profile: str | None = None) -> None:
            state["profile"] = profile
            state["sessions"] += 1

        def get_credentials(self) -> Any:
            return state["chain"]

    package: Any = types.ModuleType("botocore")
    package.__spec__ = importlib.util.spec_from_loader("botocore", None)
    session: Any = types.ModuleType("botocore.session")
    session.Session = Session
    exceptions: Any = types.ModuleType("botocore.exceptions")
    exceptions.BotoCoreError = BotoCoreError
    for module in (package, session, exceptions):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return state


class Rotating:
    """Credentials of botocore that renew themselves."""

    def __init__(self) -> None:
        self.count = 0

    def get_frozen_credentials(self) -> Any:
        self.count += 1
        return types.SimpleNamespace(access_key=f"AK{self.count}", secret_key="SK", token="T")


def test_botocores_chain_is_asked_for_every_request(botocore: dict[str, Any]) -> None:
    botocore["chain"] = Rotating()
    model = ChatBedrockConverse(MODEL, region_name=REGION)
    assert botocore["sessions"] == 0  # nothing that blocks happens before the first request
    assert [keys_of(model), keys_of(model)] == [("AK1", "SK", "T"), ("AK2", "SK", "T")]
    assert (botocore["sessions"], botocore["profile"]) == (1, None)


def test_botocore_finds_nothing(botocore: dict[str, Any]) -> None:
    model = ChatBedrockConverse(MODEL, region_name=REGION)
    with pytest.raises(MissingKeyError, match="botocore's chain finds none"):
        key_of(model)


def test_errors_of_botocore_are_told(botocore: dict[str, Any]) -> None:
    class Expired:
        def get_frozen_credentials(self) -> Any:
            raise BotoCoreError("The SSO session has expired")

    botocore["chain"] = Expired()
    with pytest.raises(MissingKeyError, match="The SSO session has expired"):
        key_of(ChatBedrockConverse(MODEL, region_name=REGION))


# Region and address.


@pytest.mark.parametrize(
    ("region", "address"),
    [
        ("us-east-1", "https://bedrock-runtime.us-east-1.amazonaws.com"),
        ("cn-north-1", "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_address_follows_from_the_region(region: str, address: str) -> None:
    assert ChatBedrockConverse(MODEL, region_name=region, api_key="k").base_url == address


def test_the_region_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
    assert "us-east-2" in ChatBedrockConverse(MODEL, api_key="k").base_url
    monkeypatch.setenv("AWS_REGION", "us-west-1")
    assert "us-west-1" in ChatBedrockConverse(MODEL, api_key="k").base_url
    assert REGION in ChatBedrockConverse(MODEL, api_key="k", region_name=REGION).base_url


def test_no_region_is_an_error_at_once() -> None:
    with pytest.raises(InputError, match="needs a region: pass region_name"):
        ChatBedrockConverse(MODEL, api_key="k")
    with pytest.raises(InputError, match="needs a region to sign"):
        ChatBedrockConverse(MODEL, base_url="http://127.0.0.1:9", aws_access_key_id="a", aws_secret_access_key="b")


def test_an_address_of_ones_own_needs_no_region_with_an_api_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ChatBedrockConverse(MODEL, endpoint_url="http://gateway.test/aws/", api_key="k").base_url == "http://gateway.test/aws"
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://vpce.test")
    assert ChatBedrockConverse(MODEL, api_key="k").base_url == "https://vpce.test"


def test_the_region_in_an_address_is_signed_for() -> None:
    address = "https://vpce-1.bedrock-runtime.ap-south-1.vpce.amazonaws.com"
    model = ChatBedrockConverse(MODEL, base_url=address, aws_access_key_id="AK", aws_secret_access_key="SK")
    assert "/ap-south-1/bedrock/aws4_request" in signed(model).headers["authorization"]


# What is put on a request.


def test_access_keys_sign_every_attempt_anew() -> None:
    model = ChatBedrockConverse(
        MODEL, region_name=REGION, aws_access_key_id="AK", aws_secret_access_key="SK", aws_session_token="ST"
    )
    call = Call(MODEL, [HumanMessage("Hi")], {}, api_key=key_of(model))
    request = model._encode(call)
    first = model._sign(request, call)
    assert "authorization" not in request.headers  # the request itself stays unsigned for the next attempt
    assert first.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AK/")
    assert first.headers["x-amz-security-token"] == "ST"
    assert (first.url, first.body, first.method) == (request.url, request.body, "POST")


def test_an_authorization_header_of_the_users_is_left_alone() -> None:
    model = ChatBedrockConverse(MODEL, region_name=REGION, api_key="k", default_headers={"Authorization": "gateway"})
    assert signed(model).headers["authorization"] == "gateway"


@pytest.mark.parametrize(
    ("model", "segment"),
    [
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", "anthropic.claude-3-5-sonnet-20240620-v1%3A0"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
            "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.amazon.nova-lite-v1%3A0",
        ),
    ],
)
def test_model_ids_are_one_segment_of_the_path(model: str, segment: str) -> None:
    chat = ChatBedrockConverse(model, region_name="us-east-1", api_key="k")
    call = Call(model, [HumanMessage("Hi")], {})
    host = "https://bedrock-runtime.us-east-1.amazonaws.com"
    assert chat._encode(call).url == f"{host}/model/{segment}/converse"
    assert chat._encode(Call(model, call.messages, {}, stream=True)).url == f"{host}/model/{segment}/converse-stream"


def test_changing_the_keys_of_a_model_makes_another() -> None:
    model = ChatBedrockConverse(MODEL, region_name=REGION, aws_access_key_id="AK", aws_secret_access_key="SK")
    other = model.bind(aws_access_key_id="AK2", aws_secret_access_key="SK2")
    assert keys_of(model) == ("AK", "SK", None)
    assert keys_of(other) == ("AK2", "SK2", None)


def test_an_address_that_is_none_is_told_also_without_a_region(monkeypatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="is not an address"):
        ChatBedrockConverse("m", api_key="k", base_url="http://[::1")
