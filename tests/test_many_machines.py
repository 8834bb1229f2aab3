"""Models in other processes, and the example of docs/many_machines.md on a local Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatkit import init_chat_model
from chatkit.errors import InputError
from chatkit.registry import provider_class, provider_names
from chatkit.simulator import Budget, Reply, simulate
from tests.redis_case import RedisServer, redis_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.simulator import Question

__all__ = ["redis_server"]

ROOT = Path(__file__).parent.parent
NEEDED = {"base_url": "http://localhost/v1", "region": "eu-west-1", "project": "p", "location": "l", "account_id": "a"}


def made(provider: str) -> Any:
    """A model of the provider, with what it cannot be made without."""
    cls = provider_class(provider)
    known = {name: value for name, value in NEEDED.items() if name in cls._names()}
    for options in ({}, known):
        try:
            return cls("m", api_key="key-1", **options)
        except InputError:
            continue
    raise AssertionError(f"{provider} cannot be made")


@pytest.mark.parametrize("provider", provider_names())
def test_models_of_every_provider_can_be_pickled(provider: str) -> None:
    model = made(provider).bind(temperature=0.5)
    again = pickle.loads(pickle.dumps(model))
    assert repr(again) == repr(model)
    assert (again.model, again.temperature, again._api_key) == ("m", 0.5, model._api_key)
    assert again.base_url == model.base_url


def test_what_is_built_on_a_model_can_be_pickled() -> None:
    def weather(place: str) -> str:
        """The weather at a place."""
        return place

    model = init_chat_model("simulator:m")
    shape = {"title": "Movie", "type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    for built in (model.bind_tools([weather]), model.with_structured_output(shape), model.with_fallbacks([model])):
        again = pickle.loads(pickle.dumps(built))
        assert repr(again) == repr(built)
        assert again.invoke("x")


def _ask(model: Any, prompts: list[str]) -> list[str]:
    return [message.text for message in model.batch(prompts)]


@pytest.mark.parametrize("method", [m for m in ("spawn", "fork") if m in multiprocessing.get_all_start_methods()])
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_model_works_in_worker_processes(method: str) -> None:
    with simulate(lambda question: Reply(f"re: {question.prompt}")) as server:
        model = init_chat_model("openai:m", base_url=f"{server.url}/v1", api_key="k")
        assert model.invoke("here").text == "re: here"  # it has connections here, which must not be used there
        with multiprocessing.get_context(method).Pool(2) as pool:
            answers = pool.starmap(_ask, [(model, ["a", "b"]), (model, ["c"])])
        assert answers == [["re: a", "re: b"], ["re: c"]]
        assert model.invoke("again").text == "re: again"


def example() -> str:
    text = (ROOT / "docs" / "many_machines.md").read_text()
    return next(code for code in re.findall(r"```py\n(.*?)```", text, re.DOTALL) if "LocalCluster" in code)


class Seen(Budget):
    """A provider's hidden limit that counts what it refuses."""

    refused = 0

    def take(self, tokens: int) -> Any:
        limits, wait = super().take(tokens)
        self.refused += wait is not None
        return limits, wait


WITH_RAY = """
import ray

def main():
    limiter = RedisRateLimiter(os.environ["REDIS_URL"], key="gpt-4o", requests_per_minute=3000)
    model = init_chat_model("openai:gpt-4o", rate_limiter=limiter)
    prompts = [f"Tell me one fact about the number {number}." for number in range(300)]
    parts = [prompts[start : start + 25] for start in range(0, len(prompts), 25)]
    ray.init(num_cpus=4, include_dashboard=False, logging_level="ERROR")
    answers = [text for part in ray.get([ray.remote(answer).remote(model, part) for part in parts]) for text in part]
    ray.shutdown()
    for prompt, text in zip(prompts, answers):
        print(prompt, "->", text)

main()
"""


def with_ray() -> str:
    """The example, with the one line that the page says for Ray."""
    head, _ = example().split("def main()")
    return head.replace("from dask.distributed import Client, LocalCluster\n", "") + WITH_RAY


@pytest.mark.parametrize(("library", "script_of"), [("distributed", example), ("ray", with_ray)])
def test_the_example_keeps_four_workers_to_one_budget(
    library: str, script_of: Callable[[], str], redis_server: RedisServer, tmp_path: Path
) -> None:
    """3,000 a minute for all workers together; the provider would refuse more."""
    pytest.importorskip(library, reason=f"{library} is not installed (pip install {library})")
    script = tmp_path / "example.py"
    script.write_text(script_of())
    path = os.pathsep.join([str(ROOT), str(ROOT / "providers")])
    budget = Seen(3000, burst=3.0)

    def reply(question: Question) -> Reply:
        return Reply(f"fact {question.prompt.split()[-1]}")

    with simulate(reply, limits=budget) as server:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": path,
            "REDIS_URL": redis_server.url,
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OPENAI_API_KEY": "k",
        }
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, env=environment, timeout=110, cwd=tmp_path
        )
        times = [seen.at for seen in server.requests]
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines == [f"Tell me one fact about the number {n}. -> fact {n}." for n in range(300)]
    assert (len(times), budget.refused) == (300, 0)
    assert times[-1] - times[0] > (300 - 50) / 50 - 0.2
