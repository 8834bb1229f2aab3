"""Models, messages and errors: pickled, copied, compared, used as keys."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import httpx
import pytest

from chatkit import errors
from chatkit.errors import ChatKitError, InputTypeError, ModelError, OutputParserError
from chatkit.messages import AIMessage, HumanMessage
from chatkit_google_vertexai import ChatVertexAI
from tests.adversary.every import NAMES, make


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


WAYS = [pickled, copy.copy, copy.deepcopy]
SCHEMA = {"title": "T", "type": "object", "properties": {}}


def tool(city: str) -> str:
    """Weather."""
    return city


@pytest.mark.parametrize("provider", NAMES)
def test_every_model_and_what_is_made_of_it(provider: str) -> None:
    """A copy asks the same of the same address with the same key; wrappers go along."""
    model = make(provider, temperature=0.5)
    for way in WAYS:
        again = way(model)
        assert type(again) is type(model)
        assert again is not model
        assert (repr(again), again.base_url, again._api_key) == (repr(model), model.base_url, model._api_key)
        assert again.bind(temperature=0.1).temperature == 0.1
        for made in (
            model.bind_tools([tool]),
            model.with_structured_output(SCHEMA),
            model.with_retry(),
            model.with_fallbacks([model]),
        ):
            assert repr(way(made)) == repr(made)


def test_models_with_things_that_belong_to_a_process() -> None:
    """Copies share a client of the user's; a pickle is refused with the way out. Default credentials are found anew."""
    client = httpx.AsyncClient()
    model = make("openai", http_client=client)
    assert copy.deepcopy(model).http_client is client
    assert copy.copy(model).http_client is client
    with pytest.raises(InputTypeError, match="http_client"):
        pickle.dumps(model)
    for way in WAYS:
        assert callable(way(ChatVertexAI("m", project="p"))._api_key)


def test_models_are_keys_by_identity() -> None:
    """Equal settings do not make two models one: each is equal to itself only, and can be a key of a dict."""
    one, two = make("openai"), make("openai")
    assert one == one
    assert one != two
    assert len({one: 1, two: 2, one.bind(): 3}) == 3


def test_messages_are_equal_by_value_and_no_keys() -> None:
    """Messages may change, so they have no hash; two that say the same are equal."""
    assert HumanMessage("x") == HumanMessage("x") != AIMessage("x")
    with pytest.raises(TypeError):
        hash(HumanMessage("x"))


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error(name: str) -> None:
    """Class, text, attributes, notes and the partial message survive, as process pools need it."""
    cls: Any = getattr(errors, name)
    own = inspect.signature(cls.__init__).parameters.values()
    given: dict[str, Any] = {
        parameter.name: "x"
        for parameter in own
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    }
    if issubclass(cls, ModelError):
        given |= {
            "status": 429,
            "code": "c",
            "retry_after": 1.5,
            "partial": AIMessage("half"),
            "body": {"a": [1]},
            "headers": {"x": "y"},
        }
    if cls is OutputParserError:
        given |= {"raw": AIMessage("x"), "llm_output": "x"}
    error = cls("m", **given)
    error.add_note("a note")
    for way in WAYS:
        again = way(error)
        assert type(again) is cls
        assert isinstance(again, ChatKitError)
        assert (str(again), repr(again), again.args) == (str(error), repr(error), error.args)
        assert vars(again) == vars(error)
