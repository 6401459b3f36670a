"""Where jobs come from: JSON lines, a JSON list, a table, a folder of pictures."""

from __future__ import annotations

import csv
import errno
import io
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from bfl_client import specification
from bfl_client.errors import NOTHING, Remedy, shorten

OWN = ("name", "endpoint", "validate")
"""Keys of a job that are not parameters of its request."""
_TABLES, _SHEETS = (".csv", ".tsv"), (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
_SHEET = 'is a spreadsheet: save it as "CSV UTF-8", and give that file'
_LIKE = 'a job looks like {"prompt": "a fox"}; a list of prompts may be a .csv file whose first line is: prompt'
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Mistake(NamedTuple):
    """What is wrong with one line."""

    number: int
    """The line, from 1; 0 for the file as a whole."""
    message: str
    kind: str = ""
    """What it has in common with the same mistake in other lines; empty: its message."""
    remedy: Remedy = NOTHING
    """What to do about it, if that is not to correct the line."""


class Cells(dict[str, str]):
    """A row of a table: all values are texts."""


Entry = tuple[int, Any] | Mistake


def entries(name: str) -> Iterator[Entry]:
    """What a file of jobs contains, with the lines; ``-`` is standard input. Raises OSError."""
    suffix = Path(name).suffix.lower()
    if suffix in _SHEETS:
        yield Mistake(0, _SHEET)
        return
    with nullcontext(sys.stdin.buffer) if name == "-" else _opened(name) as file:
        first = file.readline(1000)  # no more, before it is seen to be text: a device has no end of a line
        if b"\0" in first and first[:2] not in (*_UTF_16, b"PK"):
            yield Mistake(0, "is not text: save it once more, as UTF-8")
            return
        first += b"" if first.endswith(b"\n") else file.readline()
        if first[:2] in _UTF_16:  # as PowerShell and spreadsheets write
            try:
                file = io.BytesIO(_text(first + file.read()).encode())
            except UnicodeDecodeError:
                yield Mistake(0, "is not whole UTF-16: save it once more, as UTF-8")
                return
            first = file.readline()
        start = first.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if first.startswith(b"PK\3\4"):
            yield Mistake(0, _SHEET)
        elif suffix in _TABLES or (name == "-" and start not in (b"{", b"[", b"")):
            yield from _rows(first + file.read())
        elif start == b"[":
            yield from _list(first, file)
        else:
            yield from _lines(chain([first], file))


def _opened(name: str) -> BinaryIO:
    try:
        return open(name, "rb")
    except ValueError as error:  # it has a character that no name has
        raise FileNotFoundError(errno.ENOENT, "there is no such file", name) from error


def pictures(folder: Path) -> dict[str, str]:
    """The pictures and videos in a folder: name without suffix (with it, if two share one) -> file name."""
    found = sorted(path.name for path in folder.iterdir() if _is_picture(path))
    stems = Counter(Path(name).stem.casefold() for name in found)
    return {name if stems[Path(name).stem.casefold()] > 1 else Path(name).stem: name for name in found}


def _is_picture(path: Path) -> bool:
    media = path.suffix.lower() in specification.MEDIA_SUFFIXES
    return media and not path.name.startswith(".") and path.is_file()


def _lines(lines: Iterable[bytes]) -> Iterator[Entry]:
    for number, line in enumerate(lines, 1):
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if text:
            try:
                yield number, _parsed(text)
            except (ValueError, RecursionError) as error:
                yield Mistake(number, f"is not a JSON object: {_why(error)}; {_LIKE}", "JSON")


def _list(first: bytes, file: BinaryIO) -> Iterator[Entry]:
    try:
        found = _parsed(first.removeprefix(b"\xef\xbb\xbf") + file.read())
    except (ValueError, RecursionError) as error:
        yield Mistake(0, f"is not a JSON list of jobs: {_why(error)}")
    else:
        yield from enumerate(found, 1)


def _parsed(text: bytes) -> Any:
    """The JSON value of a text; raises ValueError also for a key that is given twice."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a key is given twice")
        return found

    def refuse(number: str) -> Any:
        raise ValueError(f"{number} is not a number in JSON")

    return json.loads(text.decode("utf-8"), object_pairs_hook=once, parse_constant=refuse)


def _why(error: Exception) -> str:
    return f"byte {error.start + 1} is not UTF-8" if isinstance(error, UnicodeDecodeError) else shorten(str(error), 100)


def _text(content: bytes) -> str:
    """The text of a table, in UTF-8 or UTF-16; raises UnicodeDecodeError."""
    if content[:2] in _UTF_16:
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def _rows(content: bytes) -> Iterator[Entry]:
    try:
        text = _text(content)
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        yield Mistake(number, 'is not UTF-8: save the table as "CSV UTF-8"')
        return
    skipped = text[:4].lower() == "sep="  # how some tell a spreadsheet what separates the cells
    head, _, rest = text.partition("\n")
    counted = max(",;\t", key=head.count)
    delimiter = head[4:5] if skipped else counted if counted in head else "\x1f"  # one column: commas are text
    if delimiter.strip('"\r') == "":
        yield Mistake(1, f"names no separator after {head[:4]}")
        return
    rows = csv.reader(io.StringIO(rest if skipped else text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [_column(cell) for cell in next(rows, [])]
        if wrong := _unusable(header):
            yield Mistake(rows.line_num + skipped, wrong)
            return
        for row in rows:
            if any(cell.strip() for cell in row):
                yield _row(rows.line_num + skipped, header, row, delimiter)
    except csv.Error as error:
        yield Mistake(rows.line_num + skipped, f"cannot be read as CSV: {shorten(str(error), 100)}")


def _unusable(header: list[str]) -> str:
    """What is wrong with the names of the columns, or empty."""
    named = [name for name in header if name]
    if twice := next((name for name in named if named.count(name) > 1), None):
        return f"two columns are named {shorten(twice, 60)!r}"
    if not set(named) & _known().keys():
        ways = "name the parameters in the first line, with commas, semicolons or tabs between them: prompt,width"
        return f"no column is named after a parameter (got {shorten(', '.join(named), 60)!r}): {ways}"
    return ""


def _row(number: int, header: list[str], row: list[str], delimiter: str) -> Entry:
    names = [*header, *[""] * (len(row) - len(header))]
    cells = {name: cell for name, cell in zip(names, row, strict=False) if cell.strip()}
    if "" in cells:
        separator = {"\t": "a tab", ",": "a comma", ";": "a semicolon"}.get(delimiter, delimiter)
        why = f"a cell has no name above it (got {shorten(cells[''].strip(), 60)!r})"
        return Mistake(number, f"{why}: name its column, or put a text that contains {separator} in quotes", "unnamed")
    return number, Cells(cells)


def _column(cell: str) -> str:
    """The parameter that the head of a column names, however it is capitalised; else the head itself."""
    return _known().get(re.sub(r"[\s-]+", "_", cell.strip()).casefold(), cell.strip())


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    names = {name for endpoint in specification.ENDPOINTS for name in specification.parameters(endpoint)}
    return {name.casefold(): name for name in {*names, *OWN}}
