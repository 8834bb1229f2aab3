"""docs/write_a_provider.md: the provider on the page is installed as a user would install it, and its own tests pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCKS = re.compile(r"```(?:python|toml)\n# (?P<name>[\w.]+)\n(?P<code>.*?)```", re.DOTALL)


def files() -> dict[str, str]:
    return {match["name"]: match["code"] for match in BLOCKS.finditer((ROOT / "docs/write_a_provider.md").read_text())}


def test_the_provider_on_the_page_works(tmp_path: Path) -> None:
    for name, code in files().items():
        (tmp_path / name).write_text(code)
    project = tomllib.loads(files()["pyproject.toml"])["project"]
    info = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = [
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in of.items())
        for group, of in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(points))
    path = os.pathsep.join([str(tmp_path), str(ROOT), str(ROOT / "providers")])
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-W", "error", "test_aviary.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "8 passed" in ran.stdout


def test_it_stays_short() -> None:
    assert len(files()["chatkit_aviary.py"].splitlines()) <= 150
