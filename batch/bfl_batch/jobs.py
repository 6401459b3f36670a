"""Jobs from a file or from Python: read, typed and checked, all of them, before the first is sent."""

from __future__ import annotations

import csv
import difflib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bfl_api.table import ENDPOINTS
from bfl_client.errors import BFLError, shorten

from . import inputs

LISTED = 50
"""Mistakes that a message lists; the rest are counted."""
LONGEST_NAME = 500  # characters


class Mistake(NamedTuple):
    """What is wrong with one line."""

    number: int
    """The line, from 1."""
    message: str


class JobsError(BFLError):
    """The jobs cannot be taken as they are; nothing was submitted.

    Attributes:
        mistakes: what is wrong, each with its line; of very many the first.
        count: how many mistakes there are.
    """

    def __init__(self, source: str, mistakes: Iterable[Mistake], count: int) -> None:
        self.mistakes, self.count = tuple(mistakes), count
        lines = "".join(f"\n  line {number}: {message}" for number, message in self.mistakes)
        more = f"\n  … and {count - len(self.mistakes):,} more" if count > len(self.mistakes) else ""
        super().__init__(f"{source}: {count:,} mistake{'s' if count > 1 else ''}; nothing was submitted:{lines}{more}")


class Job(NamedTuple):
    """One line: a request with a name of its own."""

    number: int
    """The line, from 1."""
    name: str
    endpoint: str
    body: dict[str, Any]
    """Its parameters as plain JSON; files as ``@path``."""


class Jobs:
    """The jobs of one batch; can be gone through more than once.

    Args:
        source: a file of JSON lines, a file of comma-separated values (``.csv``), or mappings.
        endpoint: for the jobs that name none.

    Attributes:
        folder: where relative paths of files start: beside the jobs file, or the current folder.
    """

    def __init__(
        self, source: str | os.PathLike[str] | Iterable[Mapping[str, Any]], endpoint: str | None = None
    ) -> None:
        self._endpoint = endpoint
        self._path = Path(source) if isinstance(source, str | os.PathLike) else None
        self._given = [] if isinstance(source, str | os.PathLike) else list(source)
        self.folder = self._path.resolve().parent if self._path else Path.cwd()
        self.label = str(self._path or "jobs")

    def check(self) -> int:
        """Look at every job, and return how many there are.

        Raises:
            JobsError: with every mistake in every line. OSError: the file cannot be read.
        """
        mistakes, count, total = list[Mistake](), 0, 0
        seen: dict[str, int] = {}
        for entry in self._entries():
            total += 1
            for mistake in self._mistakes(entry, seen):
                count += 1
                if len(mistakes) < LISTED:
                    mistakes.append(mistake)
        if not total:
            mistakes, count = [Mistake(1, "there is no job")], 1
        if count:
            raise JobsError(self.label, mistakes, count)
        return total

    def __iter__(self) -> Iterator[Job]:
        """The jobs, to be gone through once `check` has found nothing."""
        return (entry for entry in self._entries() if isinstance(entry, Job))

    def _mistakes(self, entry: Job | Mistake, seen: dict[str, int]) -> Iterator[Mistake]:
        if isinstance(entry, Mistake):
            yield entry
            return
        if first := seen.get(entry.name):
            yield Mistake(entry.number, f"the name {shorten(entry.name, 60)!r} is that of line {first}, too")
        seen.setdefault(entry.name, entry.number)
        if entry.endpoint not in ENDPOINTS:
            yield Mistake(entry.number, _no_endpoint(entry.endpoint))
            return
        found = inputs.violations(entry.endpoint, entry.body, self.folder)
        yield from (Mistake(entry.number, str(violation)) for violation in found)

    def _entries(self) -> Iterator[Job | Mistake]:
        if self._path is None:
            yield from (self._job(number, each) for number, each in enumerate(self._given, 1))
        elif self._path.suffix.lower() == ".csv":
            yield from self._rows(self._path)
        else:
            yield from self._lines(self._path)

    def _lines(self, path: Path) -> Iterator[Job | Mistake]:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
                if text:
                    try:
                        yield self._job(number, parse(text))
                    except (ValueError, RecursionError) as error:
                        yield Mistake(number, f"is no JSON object: {shorten(_reason(error), 100)}")

    def _rows(self, path: Path) -> Iterator[Job | Mistake]:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            try:
                header = [name.strip() for name in next(rows, [])]
                if len(set(header)) < len(header) or not all(header):
                    yield Mistake(1, "each column needs a name of its own")
                    return
                for row in rows:
                    if any(cell.strip() for cell in row):
                        yield self._row(rows.line_num, header, row)
            except (csv.Error, UnicodeDecodeError) as error:
                yield Mistake(rows.line_num + 1, f"cannot be read as CSV: {shorten(_reason(error), 100)}")

    def _row(self, number: int, header: list[str], row: list[str]) -> Job | Mistake:
        if len(row) > len(header):
            return Mistake(number, f"has {len(row)} cells, but there are {len(header)} columns")
        cells = {name: cell for name, cell in zip(header, row, strict=False) if cell.strip()}
        endpoint = cells.get("endpoint", self._endpoint or "")
        own = ("name", "endpoint")
        return self._job(
            number, {key: cell if key in own else inputs.typed(endpoint, key, cell) for key, cell in cells.items()}
        )

    def _job(self, number: int, given: Any) -> Job | Mistake:
        given = given.to_dict() if hasattr(given, "to_dict") else given
        if not isinstance(given, Mapping):
            return Mistake(number, 'is no JSON object; a job looks like {"endpoint": …, "prompt": …}')
        try:
            body = inputs.storable(given)
        except TypeError as error:
            return Mistake(number, str(error))
        name, endpoint = body.pop("name", None), body.pop("endpoint", self._endpoint)
        name = f"{number:05d}" if name is None else str(name) if type(name) is int else name
        if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME or not _clean(name):
            return Mistake(number, f"a name is a text of 1 to {LONGEST_NAME} characters (got {shorten(name, 60)})")
        if not isinstance(endpoint, str) or not endpoint:
            return Mistake(number, "there is no endpoint: name one in the line, or for all with --endpoint")
        return Job(number, name, endpoint.removeprefix("/").removeprefix("v1/"), body)


def parse(text: bytes) -> Any:
    """The JSON value of a line.

    Raises:
        ValueError: it is none, it is no UTF-8, or it has a key twice or a number that JSON does not know.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a key is given twice")
        return found

    def refuse(number: str) -> Any:
        raise ValueError(f"{number} is no number in JSON")

    return json.loads(text.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse)


def _clean(name: str) -> bool:
    return "\0" not in name and not any("\ud800" <= character <= "\udfff" for character in name)


def _reason(error: Exception) -> str:
    return f"byte {error.start + 1} is no UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _no_endpoint(name: str) -> str:
    near = difflib.get_close_matches(name.replace("_", "-"), ENDPOINTS, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"endpoint: is none that this version knows{hint} (got {shorten(name, 60)!r})"
