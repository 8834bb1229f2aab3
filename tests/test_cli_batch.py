"""`chatkit batch` as users run it: killed, interrupted, gone on; every row answered once."""

from __future__ import annotations

import json
import os
import pty
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.batch import Progress
from chatkit.cli.bar import Bar, duration, short
from chatkit.simulator import Budget, Fault, Reply, simulate
from chatkit.simulator.fault import parse_fault

if TYPE_CHECKING:
    from chatkit.simulator import Question

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "chatkit.cli", "batch"]


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), str(ROOT / "providers")])
    return {"PATH": os.environ["PATH"], "HOME": str(ROOT), "PYTHONPATH": path, "PYTHONWARNINGS": "error", **more}


def openai(server: Any) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": "sk-test"}


def run(folder: Path, *words: str, model: str = "simulator:m", **more: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "in.jsonl", "out.jsonl", "-m", model, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment(**more), timeout=60)


def start(folder: Path, *words: str, model: str = "openai:gpt-4o", **more: str) -> subprocess.Popen[bytes]:
    command = [*COMMAND, "in.jsonl", "out.jsonl", "-m", model, *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(**more))


def write(folder: Path, rows: list[Any]) -> None:
    (folder / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def answers(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]


def failures(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "out.errors.jsonl").read_text().splitlines()]


def echo(question: Question) -> Reply:
    return Reply(f"re: {question.prompt}")


# What goes in and what comes out.


def test_rows_and_answers(tmp_path: Path) -> None:
    rows = [
        "one",
        {"input": "two", "id": 7},
        {"prompt": "three"},
        {"messages": [{"role": "user", "content": "four"}]},
        [["user", "five"]],
    ]
    write(tmp_path, rows)
    (tmp_path / "in.jsonl").write_text((tmp_path / "in.jsonl").read_text().replace("\n", "\n\n  \n") + '"no newline"')
    with simulate(echo) as server:
        done = run(tmp_path, model="openai:gpt-4o", **openai(server))
    assert done.returncode == 0, done.stderr
    found = sorted(answers(tmp_path), key=lambda row: row["line"])
    assert [row["output"] for row in found] == [f"re: {n}" for n in ("one", "two", "three", "four", "five", "no newline")]
    assert [row["line"] for row in found] == [1, 4, 7, 10, 13, 16]
    assert [row.get("id") for row in found] == [None, 7, None, None, None, None]
    assert found[0]["message"]["usage_metadata"]["total_tokens"] > 0
    assert "6/6 100%" in done.stderr
    assert "chatkit: 6 answered, of 6" in done.stderr
    assert not (tmp_path / "out.errors.jsonl").exists()


def test_instructions_to_the_model(tmp_path: Path) -> None:
    write(tmp_path, ["x"])
    with simulate(lambda question: Reply(question.messages[0].text)) as server:
        assert run(tmp_path, "-s", "Be short.", model="openai:gpt-4o", **openai(server)).returncode == 0
    assert answers(tmp_path)[0]["output"] == "Be short."


def test_rows_that_fail_are_listed_and_asked_again(tmp_path: Path) -> None:
    write(tmp_path, ["good", {"input": "bad", "id": "b"}, "fine", {"text": "?"}, {"input": [], "id": "empty"}])
    with (tmp_path / "in.jsonl").open("a") as file:
        file.write("{broken\n")

    def reply(question: Question) -> Reply:
        return Reply("no", fault=Fault(status=400)) if question.prompt == "bad" else echo(question)

    with simulate(reply) as server:
        done = run(tmp_path, model="openai:gpt-4o", **openai(server))
    assert done.returncode == 1
    assert "6/6 100%" in done.stderr
    assert "errors 4" in done.stderr
    assert "4 failed, see out.errors.jsonl" in done.stderr
    found = {row["line"]: row for row in failures(tmp_path)}
    assert sorted(found) == [2, 4, 5, 6]
    assert (found[2]["id"], found[2]["error"]["type"], found[2]["error"]["status"]) == ("b", "BadRequestError", 400)
    assert "none of the fields input, prompt, messages" in found[4]["error"]["message"]
    assert (found[5]["id"], found[5]["error"]["type"]) == ("empty", "InputError")
    assert "line 6 is not JSON" in found[6]["error"]["message"]
    with simulate(echo) as server:
        again = run(tmp_path, model="openai:gpt-4o", **openai(server))
        assert [seen.body["messages"][-1]["content"] for seen in server.requests] == ["bad"]
    assert "1 answered, 2 before, of 6" in again.stderr
    assert sorted(row["line"] for row in answers(tmp_path)) == [1, 2, 3]
    assert sorted(row["line"] for row in failures(tmp_path)) == [4, 5, 6]


@pytest.mark.parametrize(("fault", "said"), [("401", "status 401"), ("404", "status 404"), ("quota", "insufficient_quota")])
def test_what_all_rows_would_suffer_ends_it(tmp_path: Path, fault: str, said: str) -> None:
    write(tmp_path, [f"question {n}" for n in range(200)])
    with simulate(echo, fault=parse_fault(fault)) as server:
        done = run(tmp_path, "--max-concurrency", "4", model="openai:gpt-4o", **openai(server))
        assert len(server.requests) <= 8
    assert done.returncode == 1
    assert "0 answered, of 200" in done.stderr
    assert said in done.stderr


# Being stopped.


def test_killed_ten_times_every_row_is_answered_once(tmp_path: Path) -> None:
    number = 400
    write(tmp_path, [{"input": f"question {n}", "id": n} for n in range(number)])
    chance = random.Random(7)
    with simulate(echo, first=0.02) as server:
        for _ in range(10):
            process = start(tmp_path, "--max-concurrency", "4", **openai(server))
            before = len(server.requests)
            end = time.monotonic() + 10
            while len(server.requests) == before and process.poll() is None and time.monotonic() < end:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.15))
            process.kill()
            process.communicate()
        done_before = len(answers(tmp_path)) if (tmp_path / "out.jsonl").exists() else 0
        assert 0 < done_before < number
        last = run(tmp_path, "--max-concurrency", "64", model="openai:gpt-4o", **openai(server))
    assert last.returncode == 0, last.stderr
    found = answers(tmp_path)
    assert sorted(row["line"] for row in found) == list(range(1, number + 1))
    assert all(row["output"] == f"re: question {row['id']}" for row in found)
    assert f"{number - done_before} answered, {done_before} before, of {number}" in last.stderr


@pytest.mark.parametrize("tail", [b'{"line":3,"key":"12', b'{"li', b"\0" * 500, b'{"line":3,"key":"ab"}' + b"\0" * 30])
def test_a_torn_last_line_is_repaired(tmp_path: Path, tail: bytes) -> None:
    write(tmp_path, ["one", "two", "three"])
    assert run(tmp_path).returncode == 0
    whole = (tmp_path / "out.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "out.jsonl").write_bytes(whole[0] + whole[1] + tail)
    done = run(tmp_path)
    assert "1 answered, 2 before, of 3" in done.stderr
    assert sorted(row["line"] for row in answers(tmp_path)) == [1, 2, 3]


def test_ctrl_c_keeps_what_is_answered(tmp_path: Path) -> None:
    write(tmp_path, [f"question {n}" for n in range(100)])
    with simulate(echo, first=0.05) as server:
        process = start(tmp_path, "--max-concurrency", "2", **openai(server))
        end = time.monotonic() + 20
        while not (tmp_path / "out.jsonl").exists() or (tmp_path / "out.jsonl").stat().st_size == 0:
            assert time.monotonic() < end
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
        assert process.returncode == 130
        assert b"the same command goes on from here" in said
        kept = len(answers(tmp_path))
        assert 0 < kept < 100
        done = run(tmp_path, model="openai:gpt-4o", **openai(server))
    assert f"{100 - kept} answered, {kept} before" in done.stderr
    assert len(answers(tmp_path)) == 100


# Files that do not fit.


def test_a_file_of_something_else_is_not_touched(tmp_path: Path) -> None:
    write(tmp_path, ["one"])
    for content in ('{"my": "data"}\n', "precious", '"text"\n', '{"line":0,"key":"1"}\n'):
        (tmp_path / "out.jsonl").write_text(content)
        done = run(tmp_path)
        assert done.returncode == 2
        assert "holds something else" in done.stderr
        assert (tmp_path / "out.jsonl").read_text() == content


def test_answers_to_other_rows_are_noticed(tmp_path: Path) -> None:
    write(tmp_path, ["one", "two"])
    assert run(tmp_path).returncode == 0
    write(tmp_path, ["zero", "one", "two"])
    assert "answers another line 1" in run(tmp_path).stderr
    write(tmp_path, ["one"])
    assert "more lines than in.jsonl has" in run(tmp_path).stderr
    write(tmp_path, ["one", "two", "three"])
    assert "1 answered, 2 before, of 3" in run(tmp_path).stderr


@pytest.mark.skipif(sys.platform == "win32", reason="files are locked by flock")
def test_two_at_once_do_not_write_one_file(tmp_path: Path) -> None:
    write(tmp_path, [f"question {n}" for n in range(50)])
    with simulate(echo, first=5) as server:
        first = start(tmp_path, **openai(server))
        while not server.requests:
            time.sleep(0.01)
        second = run(tmp_path)
        first.kill()
        first.communicate()
    assert second.returncode == 2
    assert "another process is writing out.jsonl" in second.stderr


def test_wrong_arguments(tmp_path: Path) -> None:
    assert run(tmp_path).stderr == "chatkit: there is no file in.jsonl\n"
    write(tmp_path, ["one"])
    for words, problem in (
        (("--rpm", "0"), "requests_per_minute must be more than 0"),
        (("--max-concurrency", "0"), "max_concurrency must be 1 or more"),
        (("-m", "nobody:x"), "Unable to infer model provider"),
        (("-m", "openai:gpt-4o"), "OPENAI_API_KEY"),
    ):
        done = run(tmp_path, *words)
        assert (done.returncode, problem in done.stderr) == (2, True), done.stderr
    command = [*COMMAND, "in.jsonl", "out.jsonl"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment(), timeout=30)
    assert "no model given" in done.stderr
    assert not (tmp_path / "out.jsonl").exists() or not answers(tmp_path)


# Limits.


def test_rpm_limits_the_requests(tmp_path: Path) -> None:
    write(tmp_path, [f"question {n}" for n in range(60)])
    with simulate(echo) as server:
        done = run(tmp_path, "--rpm", "1200", model="openai:gpt-4o", **openai(server))
        times = [seen.at for seen in server.requests]
    assert done.returncode == 0
    assert times[-1] - times[0] > (60 - 20) / 20 - 0.1


def test_a_limit_of_the_provider_is_learned(tmp_path: Path) -> None:
    write(tmp_path, [f"question {n}" for n in range(300)])
    with simulate(echo, limits=Budget(6000, burst=1.0)) as server:
        done = run(tmp_path, "--max-concurrency", "16", model="openai:gpt-4o", **openai(server))
        refused = [seen.status for seen in server.requests].count(429)
    assert done.returncode == 0, done.stderr
    assert refused <= 16


# The bar.


def test_on_a_terminal_a_bar_grows(tmp_path: Path) -> None:
    write(tmp_path, [f"question {n}" for n in range(40)])
    with simulate(echo, first=0.05) as server:
        own, other = pty.openpty()
        command = [*COMMAND, "in.jsonl", "out.jsonl", "-m", "openai:gpt-4o", "--max-concurrency", "4"]
        env = environment(COLUMNS="100", **openai(server))
        with subprocess.Popen(command, cwd=tmp_path, stderr=other, stdout=subprocess.DEVNULL, env=env) as process:
            os.close(other)
            shown = b""
            while True:
                try:
                    data = os.read(own, 65536)
                except OSError:
                    break
                if not data:
                    break
                shown += data
        os.close(own)
    assert process.returncode == 0
    lines = shown.decode().split("\r")
    assert sum("[" in line for line in lines) > 3
    assert "[########################] 40/40 100%" in shown.decode()
    assert "ETA 0:00" in shown.decode()
    assert all(len(line) < 110 for line in lines)


class _Out:
    def __init__(self, terminal: bool) -> None:
        self.text, self._terminal = "", terminal

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def test_elsewhere_there_are_plain_lines_now_and_then() -> None:
    out: Any = _Out(False)
    bar = Bar(10, 3, out)
    bar.failed = 1
    for done in range(1, 6):
        bar.show(Progress(done, 0, None, done * 2.0, 1500 * done, 20 * done))
    assert out.text == ""
    bar.end()
    assert out.text == "9/10 90%  0.5/s  ETA 0:02  tokens 7.5k in, 100 out  errors 1\n"


def test_numbers_for_people() -> None:
    assert [duration(s) for s in (0, 59.6, 125, 3723)] == ["0:00", "1:00", "2:05", "1:02:03"]
    assert [short(n) for n in (7, 999, 1200, 123_456, 5_000_000, 2_000_000_000)] == ["7", "999", "1.2k", "123k", "5M", "2G"]
