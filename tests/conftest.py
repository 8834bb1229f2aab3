"""Fixtures that many tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Async tests run on both event loops."""
    return request.param


@pytest.fixture(autouse=True)
def no_outside_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the developer's keys, proxies or provider addresses."""
    for name in list(os.environ):
        if name.upper().endswith(("_API_KEY", "_API_TOKEN", "_PROXY", "_BASE_URL", "_API_BASE")) or name.startswith(
            ("AWS_", "AZURE_", "GOOGLE_", "CLOUDSDK_")
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDSDK_CONFIG", os.devnull)  # no credentials of gcloud's


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of recorded provider traffic."""
    folder = os.environ.get("CHATKIT_CORPUS", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("CHATKIT_CORPUS does not name the folder of recorded traffic")
    return Path(folder)
