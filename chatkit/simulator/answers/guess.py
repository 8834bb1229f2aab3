"""Values that fit a JSON Schema and, as far as it shows, a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.jsons import is_list, is_object
from chatkit.simulator.answers import mentions
from chatkit.simulator.answers.knowledge import FACTS
from chatkit.simulator.answers.schemas import bounded, fits, is_simple, kind_of, pick, resolved, sized
from chatkit.simulator.answers.strings import string_for

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["guess_value"]

_DEEP = 6
"""From this depth on what may be left out is left out, so that schemas that contain themselves come to an end."""


def guess_value(prompt: str, answer: str, schema: dict[str, Any], facts: dict[str, Any] | None = None) -> Any:
    """A value that fits a schema.

    Args:
        prompt: where values are looked for first.
        answer: text for properties that ask for one (summary, explanation ...).
        facts: values by names of properties, used where they fit.
    """
    known = next((known for word, known in FACTS if word in mentions.words(prompt)), dict[str, Any]())
    return _Guess(prompt, answer, schema, {**known, **(facts or {})}, mentions.numbers(prompt)).value(schema, "", 0)


class _Guess:
    def __init__(self, prompt: str, answer: str, root: dict[str, Any], facts: dict[str, Any], numbers: list[float]) -> None:
        self._prompt = prompt
        self._answer = answer
        self._root = root
        self._facts = facts
        self._numbers = numbers  # of the prompt, those that no property has taken yet
        self._makers: dict[str, Callable[[dict[str, Any], str, int], Any]] = {
            "object": self._object,
            "array": self._array,
            "integer": self._integer,
            "number": self._number,
            "boolean": self._boolean,
            "string": self._string,
            "null": self._null,
        }

    def value(self, schema: Any, name: str, depth: int) -> Any:
        schema = resolved(schema, self._root)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._option(schema["enum"])
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            return self.value(pick(options, self._root, simple=depth >= _DEEP), name, depth)
        known = self._facts.get(name)
        if known is not None and not schema:
            return known
        if fits(known, kind_of(schema)):
            return self._shaped(known, schema, name, depth)
        return self._makers[kind_of(schema)](schema, name, depth)

    def _option(self, options: list[Any]) -> Any:
        """The option that the prompt mentions, else the first."""
        said = self._prompt.lower()
        return next((option for option in options if isinstance(option, str) and option.lower() in said), options[0])

    def _shaped(self, known: Any, schema: dict[str, Any], name: str, depth: int) -> Any:
        """A known value as the schema wants it: objects get the properties that it names, no others."""
        if is_list(known):
            items = resolved(schema.get("items"), self._root)
            same = [item for item in known if is_simple(items) and fits(item, kind_of(items))][: schema.get("maxItems")]
            if len(same) < max(1, schema.get("minItems", 0)):
                return self._array(schema, name, depth)
            return [self._shaped(item, items, name, depth + 1) for item in same]
        if is_object(known):
            return _Guess(self._prompt, self._answer, self._root, known, []).value(schema, "", depth)
        return sized(known, schema) if isinstance(known, str) else bounded(known, schema)

    def _object(self, schema: dict[str, Any], name: str, depth: int) -> dict[str, Any]:
        properties: dict[str, Any] = schema.get("properties") or {}
        required = schema.get("required")
        if required is None:
            required = list(properties) if depth < _DEEP else []
        chosen = [key for key in properties if key in required or (depth < _DEEP and self._offered(key, properties[key]))]
        value = {key: self.value(properties[key], key, depth + 1) for key in chosen}
        return {**{key: self._answer for key in required if key not in properties}, **value}

    def _offered(self, name: str, schema: Any) -> bool:
        """Whether something is known of a property that may be left out."""
        options = resolved(schema, self._root).get("enum") or ()
        said = self._prompt.lower()
        return name in self._facts or any(isinstance(option, str) and option.lower() in said for option in options)

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        if is_list(schema.get("prefixItems")):
            return [self.value(item, name, depth + 1) for item in schema["prefixItems"]]
        items, least, most = schema.get("items"), schema.get("minItems", 0), schema.get("maxItems")
        found = self._texts(resolved(items, self._root))[:most]
        if found and len(found) >= least:
            return found
        usual = 0 if depth >= _DEEP or most == 0 else 1
        return [self.value(items, name.removesuffix("s"), depth + 1) for _ in range(max(least, usual))]

    def _texts(self, items: dict[str, Any]) -> list[Any]:
        """What the prompt quotes or names, where the items of a list may be any text."""
        if not is_simple(items) or kind_of(items) != "string" or items.keys() & {"format", "minLength", "maxLength"}:
            return []
        return mentions.quoted(self._prompt) or mentions.names(self._prompt)

    def _integer(self, schema: dict[str, Any], name: str, depth: int) -> int:
        return int(bounded(self._next_number(schema, name), schema))

    def _number(self, schema: dict[str, Any], name: str, depth: int) -> float:
        return bounded(self._next_number(schema, name), schema)

    def _next_number(self, schema: dict[str, Any], name: str) -> float:
        """The next number of the prompt; only a year takes one that looks like a year."""
        fitting = [at for at, number in enumerate(self._numbers) if ("year" in name) == (1500 <= number <= 2200)]
        if fitting:
            return self._numbers.pop(fitting[0])
        default = schema.get("default")
        return default if isinstance(default, int | float) else 2024 if "year" in name else 1

    def _string(self, schema: dict[str, Any], name: str, depth: int) -> str:
        return sized(string_for(schema, name, self._prompt, self._answer), schema)

    def _boolean(self, schema: dict[str, Any], name: str, depth: int) -> bool:
        return schema.get("default", True)

    def _null(self, schema: dict[str, Any], name: str, depth: int) -> None:
        return None
