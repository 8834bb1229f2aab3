"""Docstrings in Google, NumPy and Sphinx style: the summary and what each parameter is (spec S131)."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Docstring", "parse_docstring"]


class Docstring(Struct, frozen=True):
    """What a docstring says.

    Attributes:
        description: the text before the first section.
        params: parameter name to its text.
        style: "google", "numpy" or "sphinx"; None when there is no parameter section.
    """

    description: str = ""
    params: dict[str, str] = field(default_factory=dict[str, str])
    style: str | None = None


_PARAMS = "Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments|Other Parameters"
_CODE = "Returns?|Yields?|Raises|Receives|Examples?|See Also|References|Attributes|Methods"
_PROSE = "Notes?|Warnings?|Warns|Todo|Usage|Side Effects?"  # worth telling the model, so it stays in the description
_GOOGLE = re.compile(rf"^(?:(?P<params>{_PARAMS}):|(?P<code>{_CODE}):.*|(?P<prose>{_PROSE}):)[ ]*$", re.MULTILINE)
_NUMPY = re.compile(rf"^(?:(?P<params>{_PARAMS})|(?P<code>{_CODE})|(?P<prose>{_PROSE}))[ ]*\n-{{3,}}[ ]*$", re.MULTILINE)
_SPHINX = re.compile(r"^:(?P<kind>\w+)(?:[ ]+(?P<arg>[^:\n]*))?:", re.MULTILINE)
_SPHINX_PARAMS = ("param", "parameter", "arg", "argument", "key", "keyword")
_NAME = r"\*{0,2}[A-Za-z_]\w*"
_GOOGLE_ENTRY = re.compile(rf"^(?P<name>{_NAME})[ ]*(?:\((?P<type>.*?)\))?[ ]*:(?:[ ]+|$)(?P<text>.*)$")
_NUMPY_ENTRY = re.compile(rf"^(?P<name>{_NAME}(?:[ ]*,[ ]*{_NAME})*)[ ]*(?::.*)?$")


def parse_docstring(text: str | None) -> Docstring:
    """Read a docstring. Never fails: what is in no known style is description."""
    if not text or not text.strip():
        return Docstring()
    first, _, rest = text.strip("\n").expandtabs().partition("\n")
    text = f"{first.strip()}\n{dedent(rest)}".strip()
    if _params_of(_NUMPY, text):
        return Docstring(_before(_NUMPY, text), _sections(_NUMPY, text, _numpy_entries), "numpy")
    if _params_of(_GOOGLE, text):
        return Docstring(_before(_GOOGLE, text), _sections(_GOOGLE, text, _google_entries), "google")
    if any(match["kind"] in _SPHINX_PARAMS for match in _SPHINX.finditer(text)):
        return Docstring(_before(_SPHINX, text), _sphinx_entries(text), "sphinx")
    # Without parameters: cut at the first section of any style; text that is nothing but a section stays.
    return Docstring(min((_before(style, text) for style in (_NUMPY, _GOOGLE, _SPHINX)), key=len) or text)


def _params_of(style: re.Pattern[str], text: str) -> bool:
    return any(match["params"] for match in style.finditer(text))


def _before(style: re.Pattern[str], text: str) -> str:
    start = next((match.start() for match in style.finditer(text) if not match.groupdict().get("prose")), len(text))
    return text[:start].strip()


def _sections(style: re.Pattern[str], text: str, read: Callable[[str], dict[str, str]]) -> dict[str, str]:
    """Parameters of all sections that list any; a section goes to the next heading, or to the end."""
    headings = list(style.finditer(text))
    ends = [match.start() for match in headings[1:]] + [len(text)]
    params: dict[str, str] = {}
    for heading, end in zip(headings, ends, strict=True):
        if heading["params"]:
            params.update(read(text[heading.end() : end]))
    return params


def _google_entries(section: str) -> dict[str, str]:
    lines = section.strip("\n").split("\n")
    indent = _indent(next((line for line in lines if line.strip()), ""))
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        if line.strip() and _indent(line) < indent:
            break  # text at the margin ends the section
        match = _GOOGLE_ENTRY.match(line.strip()) if _indent(line) == indent else None
        if match:
            current = found.setdefault(match["name"].lstrip("*"), [])
        current.append(match["text"] if match else line.strip())
    return {name: _joined(text) for name, text in found.items()}


def _numpy_entries(section: str) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in section.strip("\n").split("\n"):
        match = _NUMPY_ENTRY.match(line) if _indent(line) == 0 else None
        if match:
            names = [name.strip().lstrip("*") for name in match["name"].split(",")]
        for name in names:
            found.setdefault(name, []).append("" if match else line.strip())
    return {name: _joined(text) for name, text in found.items()}


def _sphinx_entries(text: str) -> dict[str, str]:
    fields = list(_SPHINX.finditer(text))
    ends = [match.start() for match in fields[1:]] + [len(text)]
    return {
        (match["arg"] or "").split()[-1].lstrip("*"): _joined(text[match.end() : end].split("\n\n")[0].split("\n"))
        for match, end in zip(fields, ends, strict=True)
        if match["kind"] in _SPHINX_PARAMS and match["arg"]
    }


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _joined(lines: list[str]) -> str:
    return " ".join(part for line in lines if (part := line.strip()))
