"""The command as users run it: real processes, real signals, real pipes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.simulator import Reply, Server, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "chatkit.cli"]
NOTE = "chatkit: no model given (-m provider:model), so the simulator answers, by rules\n"


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), str(ROOT / "providers")])
    return {"PATH": os.environ["PATH"], "HOME": str(ROOT), "PYTHONPATH": path, "PYTHONWARNINGS": "error", **more}


def run(*words: str, stdin: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    given: dict[str, Any] = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, env=environment(**more), timeout=30, **given)


def start(*words: str, **more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(**more)
    )


def wait_for(fact: Callable[[], Any], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


@pytest.fixture
def slow() -> Iterator[Server]:
    """A server whose answers take ten seconds."""
    with simulate(lambda question: Reply("word " * 1000, every=0.01)) as server:
        yield server


def openai(server: Server) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": "sk-test"}


def test_a_question_is_answered_by_the_simulator_which_says_so() -> None:
    done = run("chat", "What color is the sky?")
    assert (done.returncode, done.stderr) == (0, NOTE)
    assert done.stdout == "The sky is typically blue during the day, because air scatters blue light more than red light.\n"


def test_words_without_quotes_and_a_piped_text_are_one_prompt() -> None:
    done = run("chat", "-m", "simulator:x", "xyzzy", "plugh", stdin="piped\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "“xyzzy plugh\n\npiped”" in done.stdout
    assert run("chat", stdin="Hello").stdout == "Hi there! How can I help today?\n"


def test_a_real_provider_is_asked_and_gets_the_system_text() -> None:
    with simulate(["Yes."]) as server:
        done = run("chat", "-m", "openai:gpt-4.1", "-s", "Be short.", "Well?", **openai(server))
        assert (done.returncode, done.stdout, done.stderr) == (0, "Yes.\n", "")
        assert [message["content"] for message in server.requests[-1].body["messages"]] == ["Be short.", "Well?"]
        assert server.requests[-1].body["stream"] is True


def test_without_a_key_it_says_that_it_runs_on_the_simulator() -> None:
    done = run("chat", "-m", "openai:gpt-4.1", "Hello")
    assert (done.returncode, done.stdout) == (0, "Hi there! How can I help today?\n")
    assert "OPENAI_API_KEY" in done.stderr and "simulator" in done.stderr


def test_the_model_may_stand_in_the_environment() -> None:
    assert run("chat", "Hello", CHATKIT_MODEL="simulator:x").stderr == ""


def test_reasoning_is_shown_only_when_asked_for() -> None:
    assert "(thinking)" not in run("chat", "-m", "simulator:x", "Think: hello").stdout
    thought, answer = run("chat", "-m", "simulator:x", "--reasoning", "hello").stdout.splitlines()
    assert thought.startswith("(thinking) The user says “hello”")
    assert answer == "Hi there! How can I help today?"


def test_json_has_the_events_and_the_message() -> None:
    lines = [json.loads(line) for line in run("chat", "-m", "simulator:x", "--json", "Hello").stdout.splitlines()]
    assert lines[0]["type"] == "start"
    assert "".join(line["text"] for line in lines if line["type"] == "text") == "Hi there! How can I help today?"
    assert lines[-1]["message"]["content"] == "Hi there! How can I help today?"
    assert lines[-1]["message"]["usage_metadata"]["output_tokens"] == 7


def test_the_demo_shows_reasoning_calls_results_and_text() -> None:
    done = run("demo")
    assert (done.returncode, done.stderr) == (0, NOTE)
    assert done.stdout.splitlines() == [
        "> Think about it: what is the weather like in Boston and Tokyo?",
        "(thinking) The user says “Think about it: what is the weather like in Boston and Tokyo?”. "
        "I need get_weather for Boston and get_weather for Tokyo.",
        '→ get_weather {"location":"Boston"}',
        '→ get_weather {"location":"Tokyo"}',
        "← 72°F and sunny",
        "← 64°F with light rain",
        "(thinking) The user says “Think about it: what is the weather like in Boston and Tokyo?”. "
        "The tools gave me what I need.",
        "Here is what I found:",
        "- Boston: 72°F and sunny",
        "- Tokyo: 64°F with light rain",
    ]


def test_the_answer_arrives_piece_by_piece() -> None:
    process = start("chat", "-m", "simulator:x", "What color is the sky?")
    assert process.stdout is not None
    times: list[float] = []
    while os.read(process.stdout.fileno(), 4096):
        times.append(time.monotonic())
    process.communicate()
    assert len(times) > 5
    assert times[-1] - times[0] > 0.2


def test_ctrl_c_stops_closes_the_socket_and_keeps_what_came(slow: Server) -> None:
    process = start("chat", "-m", "openai:gpt-4.1", "Hello", **openai(slow))
    assert process.stdout is not None
    came = os.read(process.stdout.fileno(), 4096)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert (came + out).decode().split() == ["word"] * (came + out).count(b"word") != []
    assert out.endswith(b"\n")
    assert err == b"chatkit: interrupted; the answer is not complete\n"
    wait_for(lambda: slow.requests[-1].closed_at)
    assert (slow.requests[-1].closed_at or 0) - sent < 0.5


def test_ctrl_c_with_json_writes_the_message_as_far_as_it_came(slow: Server) -> None:
    process = start("chat", "-m", "openai:gpt-4.1", "--json", "Hello", **openai(slow))
    assert process.stdout is not None
    came = b""
    while b"word" not in came:
        came += os.read(process.stdout.fileno(), 4096)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=10)
    message = json.loads((came + out).splitlines()[-1])["message"]
    assert message["content"].startswith("word")
    assert message["response_metadata"]["interrupted"] is True


def test_a_failure_is_told_and_what_came_stays() -> None:
    with simulate() as server:
        done = run("chat", "-m", "openai:gpt-4.1?fault=error=after&after=2", "Hello", **openai(server))
    assert (done.returncode, done.stdout) == (1, "Hi there!\n")
    assert done.stderr.startswith("chatkit: Overloaded.")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["chat", "-m", "nobody:x", "Hello"], "Unable to infer model provider"),
        (["chat"], "no prompt"),
        (["simulate", "--fault", "nonsense"], "is not understood"),
        (["simulate", "--port", "99999"], "cannot listen on port 99999"),
        (["chat", "--nonsense"], "unrecognized arguments"),
        ([], "required"),
    ],
)
def test_wrong_arguments(words: list[str], part: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert part in done.stderr


def test_a_reader_that_leaves_is_no_failure_to_talk_about() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        [*COMMAND, "chat", "-m", "simulator:x", "Hello"],
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    os.close(writer)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (141, b"")


def test_a_terminal_without_the_characters_of_an_answer() -> None:
    done = run("demo", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, NOTE)
    assert '? get_weather {"location":"Boston"}' in done.stdout


def test_profiles_have_a_command_of_their_own() -> None:
    done = run("profiles", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: chatkit profiles" in done.stdout


def test_the_server_serves_until_ctrl_c() -> None:
    process = start("simulate", "--port", "0", "--every", "0")
    assert process.stdout is not None
    line = process.stdout.readline().decode()
    url = line.split(" at ")[1].split()[0]
    assert (
        run("chat", "-m", "openai:gpt-4.1", "Hello", OPENAI_BASE_URL=f"{url}/v1", OPENAI_API_KEY="k").stdout
        == "Hi there! How can I help today?\n"
    )
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (130, b"")


class Terminal:
    """The command in a pseudo-terminal."""

    def __init__(self, *words: str, **more: str) -> None:
        self.seen = ""
        main, side = pty.openpty()
        self._main = main
        self._process = subprocess.Popen(
            [*COMMAND, *words], stdin=side, stdout=side, stderr=side, env=environment(TERM="dumb", **more), start_new_session=True
        )
        os.close(side)

    def until(self, text: str) -> None:
        while text not in self.seen:
            self.seen += os.read(self._main, 4096).decode("utf-8", "replace")

    def type(self, text: str) -> None:
        self.seen = ""
        os.write(self._main, text.encode())

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def end(self) -> int:
        try:
            return self._process.wait(10)
        finally:
            os.close(self._main)


def test_a_dialogue_remembers_stops_and_ends() -> None:
    with simulate([Reply("First answer."), Reply("word " * 1000, every=0.01), Reply("Third answer.")]) as server:
        terminal = Terminal("chat", "-m", "openai:gpt-4.1", **openai(server))
        terminal.until("> ")
        terminal.type("one\n")
        terminal.until("First answer.\r\n> ")
        terminal.type("two\n")
        terminal.until("word word")
        terminal.interrupt()
        terminal.until("interrupted")
        terminal.until("> ")
        terminal.type("three\n")
        terminal.until("Third answer.\r\n> ")
        terminal.type("\x04")
        assert terminal.end() == 0
        said = server.requests[-1].body["messages"]
    assert [message["role"] for message in said] == ["user", "assistant"] * 2 + ["user"]
    assert said[3]["content"].startswith("word word")


def test_an_answer_cannot_drive_the_terminal() -> None:
    with simulate([Reply("\x1b[31mred\x07")]) as server:
        terminal = Terminal("chat", "-m", "openai:gpt-4.1", "Hello", **openai(server))
        terminal.until("red")
        terminal.until("\r\n")
        assert terminal.end() == 0
    assert "\x1b[31m" not in terminal.seen
    assert "␛[31mred␇" in terminal.seen
