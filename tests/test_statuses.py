"""Error bodies in the shapes that single services have (wire sheets: cohere, mistral, azure_openai, openai_compatible)."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.errors import AuthenticationError, BadRequestError, OverloadedError
from chatkit.jsons import encode
from chatkit.statuses import error_from_body, error_from_response


def test_a_refused_token_of_cohere_and_groqs_lack_of_capacity_have_the_same_status() -> None:
    assert type(error_from_response(498, {}, b'{"message": "invalid token"}')) is AuthenticationError
    full = {"error": {"message": "Flex tier capacity exceeded", "type": "requests", "code": "capacity_exceeded"}}
    assert type(error_from_response(498, {}, encode(full))) is OverloadedError


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted", "type": "extra_forbidden"}]},
            "body.seed: Extra inputs are not permitted",
        ),
        (
            {"object": "error", "message": {"detail": [{"loc": ["body", "n"], "msg": "too big"}, {"msg": "no"}]}, "type": "x"},
            "body.n: too big; no",
        ),
        ({"message": {"reason": "strange"}}, "{'reason': 'strange'}"),
    ],
)
def test_messages_that_are_no_text(body: dict[str, Any], message: str) -> None:
    error = error_from_response(422, {}, encode(body))
    assert type(error) is BadRequestError
    assert message in str(error)


def test_a_number_is_no_type() -> None:
    error = error_from_response(404, {}, b'{"status": 404, "title": "Not Found", "detail": "no such model"}')
    assert (error.type, error.code) == (None, "404")
    assert type(error_from_body({"error": {"message": "no room", "status": 503}})) is OverloadedError
    assert error_from_response(400, {}, b'{"error": {"status": "INVALID_ARGUMENT", "message": "x"}}').type == "INVALID_ARGUMENT"


def test_minimax_says_what_is_wrong_in_base_resp() -> None:
    error = error_from_body({"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}})
    assert (error.code, "insufficient balance" in str(error)) == ("1008", True)


def test_cloudflare_has_a_list_of_errors() -> None:
    body = {"result": None, "success": False, "errors": [{"code": 10000, "message": "Authentication error"}], "messages": []}
    error = error_from_response(401, {}, encode(body))
    assert (type(error), error.code, "Authentication error" in str(error)) == (AuthenticationError, "10000", True)
    assert "The input is bad" in str(error_from_body({"message": "The input is bad", "errors": [{"field": "x"}]}))


def test_databricks_has_an_error_code() -> None:
    assert error_from_response(400, {}, b'{"error_code": "BAD_REQUEST", "message": "no"}').code == "BAD_REQUEST"
