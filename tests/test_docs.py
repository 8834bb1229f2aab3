"""Every Python block of the documentation runs, against the simulator; every command that a shell block names exists.

Blocks of one page share their names, as in a notebook; one that begins with `# name.py` is that file, for others to
import. `await` and `async for` are allowed at the top level. Only the fence says whether a block runs: one that is
fenced as `python` does.
"""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import os
import re
import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from chatkit import errors
from chatkit.params import CommonParams, CommonSettings, names_of
from chatkit.simulator import simulated_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)[^\n]*\n(?P<code>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
commands = importlib.import_module("chatkit.cli.main")  # the package's `main` is a function
_FILE = re.compile(r"# ([\w/]+\.py)\n")
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)[^)]*\)")


class Block(NamedTuple):
    """A fenced block, and the line of the page at which its code begins."""

    kind: str
    code: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    return [Block(fence["kind"], fence["code"], text.count("\n", 0, fence.start("code"))) for fence in _FENCE.finditer(text)]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder to write into, and an environment that a page may change."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    modules = set(sys.modules)
    before = dict(os.environ)
    yield
    for name in set(sys.modules) - modules:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]
    os.environ.clear()
    os.environ.update(before)


def execute(block: Block, page: Path, names: dict[str, Any]) -> None:
    """Run a block, or write the file that it is; the lines of an error are those of the page."""
    if file := _FILE.match(block.code):
        Path(file[1]).write_text(block.code)
        return
    tree = ast.increment_lineno(ast.parse(block.code, str(page)), block.line)
    code = compile(tree, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    running = eval(code, names)
    if inspect.iscoroutine(running):
        asyncio.run(running)


@pytest.mark.parametrize("page", [page for page in PAGES if any(b.kind == "python" for b in blocks_of(page))], ids=name_of)
@pytest.mark.usefixtures("elsewhere")
def test_the_python_of_a_page_runs(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType(f"page_{page.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with simulated_environment():
        for block in blocks_of(page):
            if block.kind == "python":
                execute(block, page, vars(module))


def commands_of(page: Path) -> list[list[str]]:
    """The words of every call of `chatkit` in the page's shell blocks, without the command's own name."""
    found: list[list[str]] = []
    for block in blocks_of(page):
        if block.kind in ("sh", "console", "bash", "shell"):
            lines = block.code.replace("\\\n", " ").splitlines()
            words = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
            found += [call[1:] for line in words for call in calls_in(line) if call and call[0].rpartition("/")[2] == "chatkit"]
    return found


def calls_in(words: list[str]) -> Iterator[list[str]]:
    call: list[str] = []
    for word in words:
        if word in ("|", "&&", ";", "&", ">"):
            yield call
            call = []
        elif word != "$":
            call.append(word)
    yield call


@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)], ids=name_of)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    for words in commands_of(page):
        assert words[0] in commands.COMMANDS
        if words[0] not in commands.DELEGATED:
            commands._parse(words)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    prose = _FENCE.sub("", page.read_text())
    missing = [target for target in _LINK.findall(prose) if not (page.parent / target).exists()]
    assert not missing


def test_the_documentation_is_found() -> None:
    assert len(PAGES) > 15
    assert commands_of(ROOT / "README.md") == [["demo"]]


@pytest.mark.parametrize("folder", ["docs", "docs/providers"])
def test_the_index_has_every_page(folder: str) -> None:
    index = ROOT / folder / "README.md"
    listed = set(_LINK.findall(index.read_text()))
    assert {page.name for page in index.parent.glob("*.md")} - {"README.md"} <= listed


def test_the_models_page_has_what_all_models_take() -> None:
    page = (ROOT / "docs/models.md").read_text()
    assert [name for name in (*names_of(CommonParams), *names_of(CommonSettings)) if f"`{name}`" not in page] == []


def test_the_errors_page_has_every_error() -> None:
    page = (ROOT / "docs/errors.md").read_text()
    assert [name for name in errors.__all__ if name not in page] == []
