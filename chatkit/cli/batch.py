"""`chatkit batch`: answer every row of a file, many at a time; goes on where it was stopped."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatkit.cli.answers import Answers, Failures
from chatkit.cli.asking import note
from chatkit.cli.bar import Bar
from chatkit.cli.rows import lines_of, row_of
from chatkit.errors import AuthenticationError, InputError, ModelError, NotFoundError, PermissionDeniedError, RateLimitError
from chatkit.messages import SystemMessage
from chatkit.messages.coerce import to_messages
from chatkit.rate_limiters import RateLimiter
from chatkit.registry import init_chat_model

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from chatkit.cli.rows import Row
    from chatkit.model import ChatModel

__all__ = ["add_arguments", "run"]

RETRIES = 6
"""Nobody waits for a single row, so it is tried more often than a question of a person."""
HOPELESS = (AuthenticationError, NotFoundError, PermissionDeniedError)
"""What one row has, all others will have too."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    argument = parser.add_argument
    argument("source", type=Path, metavar="IN.jsonl", help='a row a line: a JSON string, or {"input": ..., "id": ...}')
    argument("target", type=Path, metavar="OUT.jsonl", help="answers are appended; rows that it answers are not asked again")
    argument("-m", "--model", metavar="PROVIDER:MODEL", help="which model, e.g. openai:gpt-5 (default: CHATKIT_MODEL)")
    argument("-s", "--system", metavar="TEXT", help="instructions to the model, before every row")
    argument("--max-concurrency", type=int, default=64, metavar="N", help="rows that are asked at the same time (64)")
    argument("--rpm", type=float, metavar="N", help="requests a minute; without it only what the provider's headers say")
    argument("--tpm", type=float, metavar="N", help="tokens a minute, input and output together")


def run(args: argparse.Namespace) -> int:
    """Answer all rows; 1 when some could not be answered."""
    name = args.model or os.environ.get("CHATKIT_MODEL")
    if not name:
        raise InputError("no model given: -m provider:model, or CHATKIT_MODEL")
    if not args.source.is_file():
        raise InputError(f"there is no file {args.source}")
    limiter = RateLimiter(args.rpm, args.tpm)
    model = init_chat_model(name, rate_limiter=limiter, max_retries=RETRIES)
    try:
        with Answers(args.target, args.source) as answers:
            return _Batch(args.source, answers, Failures(args.target), args.system).run(model, args.max_concurrency)
    except OSError as error:
        raise InputError(f"{args.target}: {error}") from error


class _Batch:
    """The rows of one run."""

    def __init__(self, source: Path, answers: Answers, failures: Failures, system: str | None) -> None:
        self._source = source
        self._answers = answers
        self._failures = failures
        self._system = system
        self._bar = Bar(answers.rows, answers.before)
        self._asked: dict[int, Row] = {}
        self._pulled = self._answered = 0

    def run(self, model: ChatModel, most: int) -> int:
        try:
            asyncio.run(self._answer(model, most))
        except KeyboardInterrupt:
            note("interrupted; the same command goes on from here")
            raise
        finally:
            self._bar.end()
            self._summary()
        return 1 if self._failures.count else 0

    async def _answer(self, model: ChatModel, most: int) -> None:
        config = {"max_concurrency": most}
        batch = model.abatch_as_completed(self._inputs(), config, return_exceptions=True, on_progress=self._bar.show)
        async with batch:
            async for index, output in batch:
                self._write(self._asked.pop(index), output)

    def _inputs(self) -> Iterator[Any]:
        for number, text in lines_of(self._source):
            if number in self._answers:
                continue
            row = None
            try:
                row = row_of(number, text)
                messages = to_messages(row.input)
            except InputError as error:
                self._bar.failed += 1
                self._failures.write(number, row and row.id, error)
                continue
            self._asked[self._pulled] = row
            self._pulled += 1
            yield [SystemMessage(self._system), *messages] if self._system else messages

    def _write(self, row: Row, output: Any) -> None:
        if not isinstance(output, Exception):
            self._answered += 1
            self._answers.write(row, output)
            return
        if isinstance(output, HOPELESS) or (isinstance(output, RateLimitError) and not output.retryable):
            raise output
        if not isinstance(output, ModelError | InputError):
            raise output  # a bug, not a row's fault
        self._failures.write(row.line, row.id, output)

    def _summary(self) -> None:
        before = f", {self._answers.before} before" if self._answers.before else ""
        note(f"{self._answered} answered{before}, of {self._answers.rows}")
        if self._failures.count:
            note(f"{self._failures.count} failed, see {self._failures.path}; the same command asks them again")
