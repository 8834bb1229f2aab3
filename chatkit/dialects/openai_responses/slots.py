"""Which output item an event of a stream belongs to.

Servers disagree on that: proxies change `item_id` with every event, OpenAI lets `output_index` skip numbers and
report another one at the end of an item than at its beginning, small servers send neither (wire sheet §6, traps).
So an item is found by its id, else by its number, else it is the one that came last.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Slot", "Slots"]


class Slot:
    """One output item while it comes.

    Attributes:
        index: the item's place among the content blocks, fixed when it is first seen.
        opened: its beginning was seen; a resumed stream may set in behind it.
        done: its final form was seen.
        server: the provider runs this call itself.
        call_id: the id under which the call was announced; results refer to it, whatever id a proxy gives later.
        parts, thoughts: block index of every part of a message, or of the reasoning, that came in pieces.
        joined: pieces of arguments, input or code came.
        quoted: an argument of free text has begun.
        cited, logged: citations and token probabilities came.
    """

    __slots__ = ("call_id", "cited", "done", "index", "joined", "logged", "opened", "parts", "quoted", "server", "thoughts")

    def __init__(self, index: int, *, opened: bool) -> None:
        self.index = index
        self.opened = opened
        self.call_id: str | None = None
        self.done = self.server = self.joined = self.quoted = self.cited = self.logged = False
        self.parts: dict[int | None, int | str] = {}
        self.thoughts: dict[tuple[str, int | None], int | str] = {}

    def part_index(self, content_index: int | None) -> int | str:
        """Block index of a part of a message: the item's own for its first part."""
        index = self.parts.get(content_index)
        if index is None:
            index = self.parts[content_index] = self.index if not content_index else f"{self.index}.{content_index}"
        return index

    def thought_index(self, kind: str, number: int | None) -> int | str:
        """Block index of a part of the reasoning: the item's own for its first summary; kind is "summary" or "content"."""
        index = self.thoughts.get((kind, number))
        if index is None:
            first = self.index if not number else f"{self.index}.{number}"
            index = self.thoughts[kind, number] = first if kind == "summary" else f"{self.index}.c{number or 0}"
        return index


class Slots:
    """All output items of an answer, in the order in which they began."""

    def __init__(self) -> None:
        self._all: list[Slot] = []
        self._by_id: dict[str | int | None, Slot] = {}
        self._by_number: dict[int | None, Slot] = {}
        self._indexes: set[int] = set()

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, at: int) -> Slot:
        return self._all[at]

    def open(self, id: Any, number: int | None, *, opened: bool = True) -> Slot:
        """An item that begins."""
        slot = Slot(self._free_index(number), opened=opened)
        self._indexes.add(slot.index)
        self._all.append(slot)
        self._by_number[number] = slot
        if isinstance(id, str | int):
            self._by_id[id] = slot
        return slot

    def find(self, id: Any, number: int | None) -> Slot:
        """The item that a piece belongs to; one that was never announced begins here."""
        slot = self._by_id.get(id) or self._by_number.get(number)
        if slot is not None:
            return slot
        if number is None and self._all:
            return self._all[-1]
        return self.open(id, number, opened=False)

    def closing(self, id: Any, number: int | None) -> Slot:
        """The item that ends."""
        named, numbered = self.by_id(id), self._by_number.get(number)
        slot = named or numbered
        another = named is None or (number is not None and named is not numbered)  # xAI gives several items one id
        return self.open(id, number, opened=False) if slot is None or (slot.done and another) else slot

    def by_id(self, id: Any) -> Slot | None:
        """The item with this id."""
        return self._by_id.get(id) if isinstance(id, str | int) else None

    def _free_index(self, number: int | None) -> int:
        if number is not None and number not in self._indexes:
            return number
        return max(self._indexes, default=-1) + 1
