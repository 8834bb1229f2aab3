"""The shape of the house: who may import whom, where I/O may live, and that the lists of providers agree."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE, PROVIDERS = ROOT / "chatkit", ROOT / "providers"

FLOORS: dict[str, int] = {
    "errors": 0,
    "logs": 0,
    "version": 0,
    "secrets": 0,
    "jsons": 1,
    "merge": 1,
    "partial_json": 1,
    "retry": 1,
    "settings": 1,
    "timeouts": 1,
    "wire": 1,
    "params": 1,
    "events": 2,
    "messages": 2,
    "fold": 2,
    "parts": 2,
    "statuses": 2,
    "error_bodies": 2,
    "codec": 2,
    "config": 2,
    "runs": 2,
    "schema": 2,
    "profiles": 2,
    "batch": 3,
    "dialects": 3,
    "net": 4,
    "callbacks": 5,
    "breaker": 5,
    "limits": 5,
    "rate_limiters": 6,
    "verbs": 6,
    "caches": 6,
    "calls": 6,
    "declared": 6,
    "counting": 6,
    "model": 7,
    "tools": 7,
    "structured": 8,
    "feeds": 8,
    "steps": 8,
    "wrappers": 8,
    "hedging": 8,
    "runnables": 9,
    "configurable": 9,
    "registry": 9,
    "chat_models": 9,
    "simulator": 9,
    "cli": 10,
    "__init__": 10,
}
"""A module imports, when it is loaded, only from its own floor or from below. What is loaded later, inside a function,
may come from anywhere: that is how `import chatkit` stays small."""

PATHS = sorted(CORE.rglob("*.py"))


def imports(path: Path) -> list[str]:
    """Modules that are imported when the file is loaded."""
    tree = ast.parse(path.read_text())
    found: list[str] = []
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            folder = ROOT / Path(*(node.module or "").split("."))
            modules = [f"{node.module}.{alias.name}" for alias in node.names if (folder / f"{alias.name}.py").exists()]
            found += modules or [node.module or ""]
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            pending += [*node.body, *node.orelse]
        elif isinstance(node, ast.Try):
            pending += node.body
    return found


def part(module: str) -> str:
    return [*module.split("."), "__init__"][1]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_its_floor_or_below(path: Path) -> None:
    own = path.relative_to(CORE).parts[0].removesuffix(".py")
    assert own in FLOORS, f"chatkit/{own} has no floor yet: say in FLOORS which it is"
    for module in imports(path):
        if module.split(".")[0] == "chatkit":
            assert FLOORS[part(module)] <= FLOORS[own], f"{path.name} imports {module}, which is a floor above"
        assert not module.startswith("chatkit_"), "the core knows no provider"


@pytest.mark.parametrize("path", sorted(PROVIDERS.rglob("*.py")), ids=lambda path: str(path.relative_to(PROVIDERS)))
def test_a_provider_does_no_io_and_knows_no_other_provider(path: Path) -> None:
    own = path.relative_to(PROVIDERS).parts[0]
    for module in imports(path):
        package = module.split(".")[0]
        assert package not in {"anyio", "asyncio", "httpx", "trio", "socket"}, "only chatkit.net awaits and opens sockets"
        assert not package.startswith("chatkit_") or package == own, "a provider imports only chatkit"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(ROOT)))
def test_sockets_live_on_one_floor(path: Path) -> None:
    own = path.relative_to(CORE).parts[0].removesuffix(".py")
    if FLOORS.get(own, 0) < FLOORS["net"]:
        assert not {m.split(".")[0] for m in imports(path)} & {"anyio", "asyncio", "httpx", "httpx2", "trio", "socket", "ssl"}


def test_import_cycles_do_not_exist() -> None:
    """Between the files of the core, counting what is imported when they are loaded."""
    names = {".".join(("chatkit", *p.relative_to(CORE).with_suffix("").parts)).removesuffix(".__init__"): p for p in PATHS}
    graph = {name: {m for m in imports(path) if m in names and m != name} for name, path in names.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail, name))
        if name not in done:
            for other in graph[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def test_every_provider_is_shipped_and_found() -> None:
    """The folders, the wheel's packages, the entry points, the table for uninstalled checkouts and PROVIDERS say the same."""
    import importlib

    from chatkit.registry import _BUNDLED

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    folders = sorted(p.name for p in PROVIDERS.iterdir() if (p / "__init__.py").exists())
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [
        "chatkit",
        *(f"providers/{name}" for name in folders),
    ]
    declared = {
        name: f"{folder}:{cls.__name__}" for folder in folders for name, cls in importlib.import_module(folder).PROVIDERS.items()
    }
    declared["simulator"] = "chatkit.simulator:SimulatedChatModel"
    assert project["project"]["entry-points"]["chatkit.providers"] == declared == _BUNDLED


@pytest.mark.parametrize("path", [*PATHS, *sorted(PROVIDERS.rglob("*.py"))], ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_small(path: Path) -> None:
    assert path.read_text().count("\n") < 350, "is it still one thing?"
