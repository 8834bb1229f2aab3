"""What a scenario works with: one provider's model and a simulator that says what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from chatkit.registry import init_chat_model
from chatkit.simulator import Reply, Script, Server, rules, simulate

if TYPE_CHECKING:
    from chatkit.model import ChatModel
    from chatkit.simulator import Question
    from tests.conformance.subjects import Subject

__all__ = ["Lab"]


class Lab:
    """A context manager: the simulator listens on a socket while the scenario runs.

    Attributes:
        subject: the provider under test.
        questions: what the simulator understood of the requests that it answered, in no provider's form.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.questions: list[Question] = []
        self._script = Script([], then=rules)
        self._server: Server = simulate(self._reply)

    def says(self, *replies: Any) -> None:
        """Answer the next requests with these (see `Script`), and later ones by the built-in rules."""
        self._script = Script(replies, then=rules)

    def model(self, **params: Any) -> ChatModel:
        """The provider's model, with parameters."""
        subject = self.subject
        return init_chat_model(f"{subject.provider}:{subject.model}", **{**subject.options(self._server.url), **params})

    @property
    def requests(self) -> list[Any]:
        """The requests that arrived, refused ones too."""
        return list(self._server.requests)

    def _reply(self, question: Question) -> Reply:
        self.questions.append(question)
        return self._script(question)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.stop()
