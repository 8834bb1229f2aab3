"""Recorded traffic of real providers: every record gives what a correct client reports, at any cut of the bytes.

The records are not part of this repository; CHATKIT_CORPUS names their folder, and these tests skip without it.
"""

from __future__ import annotations

import importlib.util
from base64 import b64decode
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.codec import Call
from chatkit.errors import ChatKitError
from chatkit.events import ErrorEvent
from chatkit.fold import Fold
from chatkit.messages import HumanMessage
from chatkit.messages.ai import message_of_fold

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from chatkit.model import ChatModel


def _load(corpus: Path, name: str) -> ModuleType:
    if not (corpus / f"{name}.py").exists():
        pytest.skip(f"the corpus has no {name}.py")
    spec = importlib.util.spec_from_file_location(f"corpus_{name}", corpus / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def runner(corpus: Path) -> Any:
    """The corpus' own runner and comparison, so that both are judged by the same rules."""
    import sys

    sys.path.insert(0, str(corpus))
    try:
        return _load(corpus, "run")
    finally:
        sys.path.remove(str(corpus))


def test_every_record_gives_what_a_correct_client_reports(corpus: Path, runner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "t", "AWS_SECRET_ACCESS_KEY": "t", "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    total, problems = Counter[str](), list[str]()
    for record, expected in runner.load(str(corpus)):
        api = record["api"]
        if api not in runner.MODELS or record.get("kind") != "generate" or expected.get("n_choices", 1) != 1:
            continue
        model = runner.build(record, "http://x")
        total[api] += 1
        for cut in ("whole", "mixed", "bytes" if len(record["response"]["body_b64"]) < 20_000 else "mixed"):
            problems += [f"{api} {record['id']} ({cut}): {problem}" for problem in _check(model, record, expected, runner, cut)]
    assert total.total() > 0

    assert not problems, "\n".join(problems[:40])


def _check(model: ChatModel, record: dict[str, Any], expected: dict[str, Any], runner: Any, cut: str) -> list[str]:
    fold = Fold()
    error = _read(model, record, runner, cut, fold)
    got = runner.summary(message_of_fold(fold, cut=error is not None), expected)
    if error is not None:
        if not expected["error"] and expected.get("terminal") is not False:
            return [f"raised {error!r:.200}"]
        if expected["error"] and (expected["error"].get("status") or not expected["text"]):
            return []
        got["error"] = expected["error"] and {"type": type(error).__name__}
        got["finish_reason"] = expected["finish_reason"]
    return runner.compare(expected, got)


def _read(model: ChatModel, record: dict[str, Any], runner: Any, cut: str, fold: Fold) -> ChatKitError | None:
    response = record["response"]
    body = b64decode(response["body_b64"])
    headers = {name.lower(): str(value) for name, value in response["headers"].items()}
    if response["status"] >= 400:
        return model._error(response["status"], headers, body)
    parser = model._parser(Call(model=model.model, messages=[HumanMessage("Hello")], params={}, stream=record["streaming"]))
    try:
        for piece in runner.rechunk(body, seed=len(body), mode=cut):
            _take(parser.feed(piece), fold)
        _take(parser.close(), fold)
    except ChatKitError as error:
        return error
    return None


def _take(events: list[Any], fold: Fold) -> None:
    for event in events:
        if isinstance(event, ErrorEvent):
            raise event.error
        fold.feed(event)
