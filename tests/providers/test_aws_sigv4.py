"""Signature Version 4: the vectors of the wire sheet, what is signed and what is not."""

from __future__ import annotations

import importlib.util
import string
from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit.codec import Request
from chatkit_aws.credentials import Credentials
from chatkit_aws.sigv4 import signature_headers

HOST = "https://bedrock-runtime.us-east-1.amazonaws.com"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
JSON = {"content-type": "application/json"}


def signed(request: Request, keys: Credentials = KEYS, region: str = "us-east-1", now: datetime = NOW) -> dict[str, str]:
    return signature_headers(request, keys, region=region, now=now)


def test_vector_with_lasting_keys() -> None:
    body = b'{"messages":[{"role":"user","content":[{"text":"hi"}]}]}'
    headers = signed(Request(f"{HOST}/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse", body, JSON))
    assert headers == {
        "x-amz-date": "20260102T030405Z",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/bedrock/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=6ad99c0cfcfea3857eb2998ce4df766725157ab11583c455a2ad31fff137fdb7",
    }


def test_vector_with_temporary_keys() -> None:
    keys = Credentials(KEYS.access_key, KEYS.secret_key, "SESSIONTOKEN")
    headers = signed(Request(f"{HOST}/model/us.amazon.nova-lite-v1%3A0/converse-stream", b"{}", JSON), keys)
    assert headers == {
        "x-amz-date": "20260102T030405Z",
        "x-amz-security-token": "SESSIONTOKEN",
        "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/bedrock/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
        "Signature=9e0d6615f8e79a139c83fc50b755d6d015d427e6369b1ac2140e723a52cab047",
    }


def test_headers_that_others_may_add_are_not_signed() -> None:
    plain = Request(f"{HOST}/model/m/converse", b"{}", JSON)
    more = Request(plain.url, plain.body, {**JSON, "user-agent": "x", "traceparent": "y", "accept": "z"})
    assert signed(plain) == signed(more)


@pytest.mark.parametrize(
    "changed",
    [
        Request(f"{HOST}/model/n/converse", b"{}", JSON),
        Request(f"{HOST}/model/m/converse", b"{ }", JSON),
        Request(f"{HOST}/model/m/converse?a=1", b"{}", JSON),
        Request("https://elsewhere.test/model/m/converse", b"{}", JSON),
        Request(f"{HOST}/model/m/converse", b"{}", {"content-type": "text/plain"}),
        Request(f"{HOST}/model/m/converse", b"{}", JSON, "PUT"),
    ],
)
def test_everything_else_is_signed(changed: Request) -> None:
    assert signed(changed)["authorization"] != signed(Request(f"{HOST}/model/m/converse", b"{}", JSON))["authorization"]


def test_the_port_of_the_scheme_is_no_part_of_the_host() -> None:
    assert signed(Request("https://x.test:443/a", b"", JSON)) == signed(Request("https://x.test/a", b"", JSON))
    assert signed(Request("http://x.test:443/a", b"", JSON)) != signed(Request("http://x.test/a", b"", JSON))


@pytest.mark.skipif(importlib.util.find_spec("botocore") is None, reason="botocore, the oracle of this test, is not installed")
@settings(max_examples=300)
@given(
    model=st.text(min_size=1, max_size=40),
    prefix=st.sampled_from(["", "/r/5", "/a%20b"]),
    query=st.sampled_from(["", "?a=1&b=2", "?b=2&a=1", "?x", "?a=%2F&a=1"]),
    host=st.sampled_from(["127.0.0.1:8080", "bedrock-runtime.eu-west-1.amazonaws.com", "x.test:443", "[::1]:9000"]),
    scheme=st.sampled_from(["http", "https"]),
    body=st.binary(max_size=200),
    token=st.none() | st.text(string.ascii_letters + "/+=", min_size=1),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
)
def test_botocore_signs_alike(
    model: str, prefix: str, query: str, host: str, scheme: str, body: bytes, token: str | None, now: datetime
) -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials as TheirCredentials

    segment = quote(model.encode("utf-8", "replace"), safe="")
    url = f"{scheme}://{host}{prefix}/model/m{segment}/converse{query}"
    theirs = AWSRequest("POST", url, JSON, body)
    with patch("botocore.auth.get_current_datetime", lambda *_: now):
        SigV4Auth(TheirCredentials("AKID", "secret/+", token), "bedrock", "eu-west-1").add_auth(theirs)
    ours = signed(Request(url, body, JSON), Credentials("AKID", "secret/+", token), "eu-west-1", now)
    assert ours["authorization"] == theirs.headers["Authorization"]
