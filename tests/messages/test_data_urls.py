"""Data URLs of images, sound and documents."""

from __future__ import annotations

import pytest

from chatkit.errors import InputError
from chatkit.messages.foreign import split_data_url


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("data:image/png;base64,aGk=", ("image/png", "aGk=")),
        ("data:text/plain;charset=utf-8;base64,aGk=", ("text/plain", "aGk=")),
        ("data:;base64,aGk=", ("application/octet-stream", "aGk=")),
        ("https://example.org/a.png", None),
    ],
)
def test_split(url: str, parts: tuple[str, str] | None) -> None:
    assert split_data_url(url) == parts


@pytest.mark.parametrize("url", ["data:text/plain,hello", "data:image/png;base64"])
def test_anything_but_base64_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="is not of the form"):
        split_data_url(url)
