"""`chatkit profiles refresh`: from models.dev and an augmentation file to `profiles.py`."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import runpy
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from chatkit.profiles import cli, refresh

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ODD = 'The "true" false\nnull\\ it\'s ☀ model'
CATALOGUE = {
    "anthropic": {
        "id": "anthropic",
        "models": {
            "claude-b": {"id": "claude-b", "name": ODD, "tool_call": True, "limit": {"context": 200000, "output": 64000}},
            "claude-a": {"id": "claude-a", "name": "A", "modalities": {"input": ["text", "pdf"], "output": ["text"]}},
        },
    },
    "google": {"id": "google", "models": {"gemini": {"name": "G"}}},
    "broken": 3,
}
AUGMENTATIONS = """
provider = "anthropic"

[overrides]
image_url_inputs = true
reasoning_effort_levels = ["low", "high"]

[overrides."claude-b"]
image_url_inputs = false
release_date = 2025-01-02

[overrides."claude-only-here"]
name = "C"
"""


class Site:
    """A loopback server that answers every request the same; counts them."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.hits = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.hits += 1
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api.json"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    def __enter__(self) -> Site:
        self.thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(json.dumps(CATALOGUE).encode()) as site:
        yield site


def run(*arguments: str) -> int:
    return cli.main(["refresh", *arguments])


def profiles_in(folder: Path) -> dict:
    return runpy.run_path(str(folder / "profiles.py"))["PROFILES"]


def test_refresh_merges_and_writes(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "profile_augmentations.toml").write_text(AUGMENTATIONS)
    assert run("--provider", "anthropic", "--data-dir", str(tmp_path), "--url", site.url) == 0
    assert "3 profiles of anthropic" in capsys.readouterr().out
    wide = {"image_url_inputs": True, "reasoning_effort_levels": ["low", "high"]}
    no_media = dict.fromkeys(
        ("image_inputs", "audio_inputs", "video_inputs", "image_outputs", "audio_outputs", "video_outputs"), False
    )
    big = {"name": ODD, "max_input_tokens": 200000, "max_output_tokens": 64000, "tool_calling": True}
    assert list(profiles_in(tmp_path).items()) == [
        ("claude-a", {"name": "A", "text_inputs": True, "pdf_inputs": True, "text_outputs": True} | no_media | wide),
        ("claude-b", big | wide | {"image_url_inputs": False, "release_date": "2025-01-02"}),
        ("claude-only-here", {"name": "C"} | wide),
    ]
    names = runpy.run_path(str(tmp_path / "profiles.py"))
    assert names["_PROFILES"] is names["PROFILES"]


def test_address_from_the_environment(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATKIT_MODELS_DEV_URL", site.url)
    before = site.hits
    assert run("--provider", "google_genai", "--data-dir", str(tmp_path / "new" / "folder")) == 0
    assert profiles_in(tmp_path / "new" / "folder") == {"gemini": {"name": "G"}}
    assert site.hits == before + 1


def test_downloaded_catalogue(tmp_path: Path) -> None:
    catalogue = tmp_path / "api.json.gz"
    catalogue.write_bytes(gzip.compress(json.dumps(CATALOGUE).encode()))
    assert run("--provider", "google", "--data-dir", str(tmp_path), "--url", catalogue.as_uri()) == 0
    assert profiles_in(tmp_path) == {"gemini": {"name": "G"}}


def test_unknown_provider(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--provider", "antropic", "--data-dir", str(tmp_path), "--url", site.url) == 1
    assert "Did you mean 'anthropic'" in capsys.readouterr().err
    assert not (tmp_path / "profiles.py").exists()


@pytest.mark.parametrize("text", ["overrides = 3", "not toml at all ["])
def test_bad_augmentations(site: Site, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "profile_augmentations.toml").write_text(text)
    assert run("--provider", "anthropic", "--data-dir", str(tmp_path), "--url", site.url) == 1
    assert "profile_augmentations.toml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [(b"gone", 503, "503"), (b"<html>", 200, "not models.dev's JSON"), (b'{"anthropic": 3}', 200, "not models.dev's JSON")],
)
def test_bad_answer_leaves_the_old_file(
    tmp_path: Path, body: bytes, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "profiles.py").write_text("PROFILES = {}\n")
    with Site(body, status) as site:
        assert run("--provider", "anthropic", "--data-dir", str(tmp_path), "--url", site.url) == 1
    assert said in capsys.readouterr().err
    assert (tmp_path / "profiles.py").read_text() == "PROFILES = {}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["profiles.py"]


def test_endless_answer_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(refresh, "MAX_BYTES", 1000)
    with Site(b"x" * 5000) as site:
        assert run("--provider", "anthropic", "--data-dir", str(tmp_path), "--url", site.url) == 1
    assert "more than 1000 bytes" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/api.json", "nonsense", "file:///no/such/file.json"])
def test_no_connection(tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--provider", "anthropic", "--data-dir", str(tmp_path), "--url", url) == 1
    assert url in capsys.readouterr().err


def test_links_are_refused(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "profiles.py").symlink_to(tmp_path / "elsewhere.py")
    for folder in ("real", "link"):
        assert run("--provider", "anthropic", "--data-dir", str(tmp_path / folder), "--url", site.url) == 1
    assert capsys.readouterr().err.count("symbolic link") == 2
    assert not (tmp_path / "elsewhere.py").exists()


def test_data_dir_that_is_a_file(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert run("--provider", "anthropic", "--data-dir", str(tmp_path / "file"), "--url", site.url) == 1
    assert "not a folder" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_person_is_asked_outside_the_working_directory(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, code: int
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    before = site.hits
    assert run("--provider", "anthropic", "--data-dir", str(tmp_path / "there"), "--url", site.url) == code
    assert "outside the working directory" in capsys.readouterr().err
    assert (site.hits > before) is (tmp_path / "there" / "profiles.py").exists() is (code == 0)
    assert run("--provider", "anthropic", "--data-dir", "inside", "--url", site.url) == 0


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "openai:gpt-5"]) == 0
    assert json.loads(capsys.readouterr().out)["tool_calling"] is True
    assert cli.main(["show", "gpt-5"]) == 1
    assert "PROVIDER:MODEL" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["refresh"], ["refresh", "--provider", "x"], ["nonsense"]])
def test_wrong_calls_end_with_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        cli.main(arguments)
    assert exit.value.code == 2
