"""The contact sheet of a batch: one static HTML file beside the pictures.

Thumbnails are part of the file, so that it can be moved or mailed, and so that its policy can forbid every other
source: it loads nothing from a network or a disk, and runs its own script alone. What came from outside is shown as
text, with characters that would act on its reader made visible.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import IO

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .cards import Totals, amount, card, visible
from .records import Record
from .results import whole
from .thumbnails import Thumbnail, thumbnail

_PAGE = Path(__file__).parent / "page"
_PIECE = 1 << 16  # characters of cards copied at a time


def write_sheet(folder: Path, records: Iterable[Record], *, title: str) -> Path:
    """Write `index.html` into the folder and return its path.

    Records are taken one at a time and the page is written as it grows: memory does not grow with them. Thumbnails
    that are not kept in `.thumbnails` are made, on several processors; a file without one is shown as a plain tile.

    Raises:
        OSError: the file cannot be written; an earlier one is as it was.
    """
    path = folder / "index.html"
    with tempfile.TemporaryFile("w+", dir=folder, encoding="utf-8", newline="") as cards, whole(path) as file:
        totals = _write_cards(cards, folder, records)  # first, for the totals stand above them
        cards.seek(0)
        pieces = map(Markup, iter(lambda: cards.read(_PIECE), ""))
        page = _environment().get_template("sheet.html.jinja")
        for part in page.generate(title=visible(title), totals=totals, cards=pieces, **_inline()):
            file.write(part.encode())
    return path


def _write_cards(file: IO[str], folder: Path, records: Iterable[Record]) -> Totals:
    totals, template = Totals(), _environment().get_template("card.html.jinja")
    for record, preview in _previews(folder, records):
        totals.add(record)
        file.write(template.render(card=card(record, preview)))
        file.write("\n")
    return totals


def _previews(folder: Path, records: Iterable[Record]) -> Iterator[tuple[Record, Thumbnail | None]]:
    """Each record with its thumbnail, in order. The next few are made meanwhile on threads: Pillow lets the GIL go."""
    workers = min(8, os.cpu_count() or 1)
    pending = deque[tuple[Record, Future[Thumbnail] | None]]()
    with ThreadPoolExecutor(workers, thread_name_prefix="thumbnail") as pool:
        for record in records:
            pending.append((record, pool.submit(thumbnail, folder, record.path) if record.path else None))
            if len(pending) > 4 * workers:
                yield _finished(*pending.popleft())
        while pending:
            yield _finished(*pending.popleft())


def _finished(record: Record, preview: Future[Thumbnail] | None) -> tuple[Record, Thumbnail | None]:
    return record, preview.result() if preview else None


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_PAGE), autoescape=True, undefined=StrictUndefined, auto_reload=False
    )
    environment.filters |= {"digest": _digest, "amount": amount}
    return environment


def _inline() -> dict[str, Markup]:
    """The page's style and script: ours, and free of what would end their elements."""
    files = {"style": "sheet.css", "script": "sheet.js"}
    return {name: Markup((_PAGE / file).read_text(encoding="utf-8").strip()) for name, file in files.items()}  # noqa: S704


def _digest(text: str) -> str:
    """The name by which a Content-Security-Policy allows this very text and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
