"""Jobs from a file, a pipe or Python: all are read once, typed and checked before the first is sent."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, Self

from bfl_client import constraints, specification
from bfl_client.errors import BFLError, ConstraintError, Remedy, Violation, shorten

LISTED = 50
"""Mistakes that a message lists; the rest are counted."""
_NAME = re.compile("[^\0\ud800-\udfff]{1,500}")  # what a database takes
_CORRECT = Remedy("correct the lines", "correct-lines")

Source = str | os.PathLike[str] | Iterable[Mapping[str, Any]]


class Mistake(NamedTuple):
    """What is wrong with one line."""

    number: int
    """The line, from 1."""
    message: str


class JobsError(BFLError):
    """The jobs contain mistakes; nothing was submitted.

    Attributes:
        mistakes: what is wrong, each with its line; only the first ones if there are very many.
        count: how many mistakes there are.
    """

    def __init__(self, source: str, mistakes: Iterable[Mistake], count: int) -> None:
        self.mistakes, self.count = tuple(mistakes), count
        lines = "".join(f"\n  line {number}: {message}" for number, message in self.mistakes)
        more = f"\n  … and {count - len(self.mistakes):,} more" if count > len(self.mistakes) else ""
        plural = "s" if count > 1 else ""
        super().__init__(f"{source}: {count:,} mistake{plural}; nothing was submitted:{lines}{more}", _CORRECT)

    def __str__(self) -> str:
        return self.message


class Job(NamedTuple):
    """One line: a request with a unique name."""

    number: int
    """The line, from 1."""
    name: str
    endpoint: str
    body: dict[str, Any]
    """Its parameters as plain JSON; files as ``@path``."""


class Jobs:
    """The jobs of one batch, inside its ``with``. `check` reads their source once: it may be a pipe, and exactly what
    was checked is carried out.

    Args:
        source: a file or pipe of JSON lines, or of CSV if its name ends in ``.csv``; ``"-"`` for standard input; or
            mappings.
        endpoint: for the jobs that name none.

    Attributes:
        folder: where relative paths of files start: beside the jobs file, or the current folder.
        endpoints: those of all jobs, once they are checked.
    """

    def __init__(self, source: Source, endpoint: str | None = None) -> None:
        self._endpoint, self._source = endpoint, source
        path = Path(source) if isinstance(source, str | os.PathLike) else None
        self.folder = path.resolve().parent if path is not None and path.is_file() else Path.cwd()
        self.label = "jobs" if path is None else "standard input" if str(path) == "-" else str(path)
        self.endpoints: set[str] = set()

    def check(self) -> int:
        """Check every job, and return their number; raises JobsError with every mistake in every line."""
        mistakes, seen, count, total = list[Mistake](), dict[str, int](), 0, 0
        for entry in self._entries():
            total += 1
            for mistake in self._mistakes(entry, seen):
                count += 1
                if len(mistakes) < LISTED:
                    mistakes.append(mistake)
            if not count and isinstance(entry, Job):
                self._kept.write(json.dumps(entry).encode() + b"\n")
                self.endpoints.add(entry.endpoint)
        if not total:
            mistakes, count = [Mistake(1, "there is no job")], 1
        if count:
            raise JobsError(self.label, mistakes, count)
        return total

    def __iter__(self) -> Iterator[Job]:
        """The jobs, once `check` has found no mistake."""
        self._kept.seek(0)
        for line in self._kept:
            yield Job(*json.loads(line))

    def __enter__(self) -> Self:
        self._kept: IO[bytes] = tempfile.TemporaryFile()  # nameless, and its owner's alone
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    def _mistakes(self, entry: Job | Mistake, seen: dict[str, int]) -> Iterator[Mistake]:
        if isinstance(entry, Mistake):
            yield entry
            return
        number = entry.number
        if first := seen.get(entry.name):
            yield Mistake(number, f"line {first} has the same name, {shorten(entry.name, 60)!r}")
        seen.setdefault(entry.name, number)
        yield from (Mistake(number, each.text(_words(each.remedy))) for each in _violations(entry, self.folder))

    def _entries(self) -> Iterator[Job | Mistake]:
        source = self._source
        if not isinstance(source, str | os.PathLike):
            yield from (self._job(number, each) for number, each in enumerate(source, 1))
            return
        with nullcontext(sys.stdin.buffer) if str(source) == "-" else open(source, "rb") as file:
            yield from self._rows(file.read()) if str(source).lower().endswith(".csv") else self._lines(file)

    def _lines(self, file: BinaryIO) -> Iterator[Job | Mistake]:
        for number, line in enumerate(file, 1):
            text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
            if text:
                try:
                    yield self._job(number, parse(text))
                except UnicodeDecodeError as error:
                    yield Mistake(number, f"is not a JSON object: byte {error.start + 1} is not UTF-8")
                except (ValueError, RecursionError) as error:
                    yield Mistake(number, f"is not a JSON object: {shorten(str(error), 100)}")

    def _rows(self, table: bytes) -> Iterator[Job | Mistake]:
        try:
            text = table.decode("utf-8-sig")
            # spreadsheets write semicolons where a comma stands in numbers
            delimiter = max(",;\t", key=text.partition("\n")[0].count)
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        except UnicodeDecodeError as error:
            number = table.count(b"\n", 0, error.start) + 1
            yield Mistake(number, 'is not UTF-8: save the table as "CSV UTF-8"')
            return
        try:
            header = [name.strip() for name in next(rows, [])]
            if len(set(header)) < len(header) or not all(header):
                yield Mistake(1, "each column needs its own name")
                return
            for row in rows:
                if any(cell.strip() for cell in row):
                    yield self._row(rows.line_num, header, row)
        except csv.Error as error:
            yield Mistake(rows.line_num + 1, f"cannot be read as CSV: {shorten(str(error), 100)}")

    def _row(self, number: int, header: list[str], row: list[str]) -> Job | Mistake:
        if len(row) > len(header):
            return Mistake(number, f"has {len(row)} cells, but there are {len(header)} columns")
        cells = {name: cell for name, cell in zip(header, row, strict=False) if cell.strip()}
        endpoint = cells.get("endpoint", self._endpoint or "")
        own = ("name", "endpoint")
        return self._job(number, {k: v if k in own else specification.typed(endpoint, k, v) for k, v in cells.items()})

    def _job(self, number: int, given: Any) -> Job | Mistake:
        given = given.to_dict() if hasattr(given, "to_dict") else given
        if not isinstance(given, Mapping):
            return Mistake(number, 'is not a JSON object; a job looks like {"endpoint": …, "prompt": …}')
        try:
            body = storable(given)
        except TypeError as error:
            return Mistake(number, str(error))
        name, endpoint = body.pop("name", None), body.pop("endpoint", self._endpoint)
        name = f"{number:05d}" if name is None else str(name) if type(name) is int else name
        if not isinstance(name, str) or not name.strip() or not _NAME.fullmatch(name):
            return Mistake(number, f"a name is a text of 1 to 500 characters (got {shorten(name, 60)})")
        if not isinstance(endpoint, str) or not endpoint:
            return Mistake(number, "there is no endpoint: name one in the line, or one for all jobs")
        return Job(number, name, specification.normalized(endpoint), body)


def parse(text: bytes) -> Any:
    """The JSON value of a line; raises ValueError also for a key that is given twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a key is given twice")
        return found

    def refuse(number: str) -> Any:
        raise ValueError(f"{number} is not a number in JSON")

    return json.loads(text.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse)


def storable(value: Any) -> Any:
    """The value as plain JSON, paths as ``@path``; raises TypeError for the content of a file, which is not kept."""
    if isinstance(value, os.PathLike):
        return f"@{Path(os.fspath(value)).resolve()}"
    if isinstance(value, Mapping):
        return {str(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a batch does not take {type(value).__name__}: save it to a file, and pass its Path")


def with_files(endpoint: str, body: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The body with a `Path` in place of each ``@name`` in a media parameter; names are relative to `folder`."""

    def opened(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("@"):
            return folder / value[1:]
        if isinstance(value, list):
            return [opened(item) for item in value]
        return {name: opened(item) for name, item in value.items()} if isinstance(value, dict) else value

    takes = specification.media_parameters(endpoint)
    return {name: opened(value) if name in takes else value for name, value in body.items()}


def without_media(endpoint: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without the parameters that take media."""
    takes = specification.media_parameters(endpoint)
    return {name: value for name, value in body.items() if name not in takes}


def _violations(job: Job, folder: Path) -> Iterator[Violation]:
    """Everything that is wrong with a job's request."""
    if specification.find(job.endpoint) is None:
        yield specification.unknown_endpoint(job.endpoint)
        return
    for name in job.body:
        if name.startswith("webhook_"):
            yield Violation(name, "", "a batch polls its tasks itself: leave it out")
    try:
        constraints.check(job.endpoint, with_files(job.endpoint, job.body, folder))
    except ConstraintError as error:
        yield from error.violations


def _words(remedy: Remedy) -> str:
    """A remedy in the words of a jobs file, which has neither Path(…) nor extra=."""
    if path := remedy.facts.get("path"):
        return f'for a file on disk, write "@{path}"'
    near = remedy.facts.get("nearest")
    return f"did you mean {near!r}?" if near else ""
