"""What a prompt mentions: places, numbers, quoted words, dates. Simple patterns, no understanding."""

from __future__ import annotations

import re

from chatkit.simulator.answers.knowledge import PLACES

__all__ = ["emails", "names", "numbers", "places", "quoted", "stems", "urls", "words"]

_NAME = re.compile(r"\b[A-ZÀ-Þ][\w'’\-]*(?:\s+(?:of\s+|de\s+)?[A-ZÀ-Þ][\w'’\-]*)*")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w])")
_QUOTED = re.compile(r"[\"“`]([^\"”`]+)[\"”`]|(?<!\w)'([^']+)'(?!\w)")
_EMAIL = re.compile(r"[\w.+\-]+@[\w\-]+\.[\w.\-]+\w")
_URL = re.compile(r"https?://[^\s<>\"')]+[^\s<>\"').,?!]")
_ORDINARY = """
    what what's whats who who's where where's when why how how's is are was were do does did can could would should will
    please tell give show find get provide extract translate i i'm the a an and or in at on for of to my your it's let's
    compare think use call weather time hello hi yes no if then also today tomorrow which write list name describe
    calculate look search check multiply add ask answer explain make json
"""
_NO_NAME = frozenset(_ORDINARY.split())


def words(text: str) -> list[str]:
    """The words of a text in lower case, also those inside snake_case and CamelCase."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-zà-ÿ]+|[A-Z]+(?![a-zà-ÿ])|\d+", text)]


def stems(text: str) -> set[str]:
    """The words without plural."""
    return {word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words(text)}


def names(text: str) -> list[str]:
    """What begins with capital letters and is no ordinary word: persons, places, titles."""
    found: list[str] = []
    for match in _NAME.finditer(text):
        parts = match[0].split()
        while parts and parts[0].lower() in _NO_NAME:
            parts = parts[1:]
        name = " ".join(parts).removesuffix("'s").removesuffix("’s")
        if name and name not in found:
            found.append(name)
    return found


def places(text: str) -> list[str]:
    """Places that a text names, short ones written out ("NYC" is "New York, NY")."""
    found = [PLACES.get(name.lower(), name) for name in names(text)]
    short = [PLACES[word] for word in re.findall(r"\w+", text.lower()) if word in PLACES]
    return list(dict.fromkeys([*found, *short]))


def numbers(text: str) -> list[float]:
    """The numbers in a text, whole ones as int."""
    return [float(number) if "." in number else int(number) for number in _NUMBER.findall(text)]


def quoted(text: str) -> list[str]:
    """What stands in quotation marks."""
    return [first or second for first, second in _QUOTED.findall(text)]


def emails(text: str) -> list[str]:
    """E-mail addresses."""
    return _EMAIL.findall(text)


def urls(text: str) -> list[str]:
    """Web addresses."""
    return _URL.findall(text)
