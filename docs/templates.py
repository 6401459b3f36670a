"""The templates of the pages, and what they need to write tables in Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2


def cell(text: object) -> str:
    """A text for a cell of a table."""
    found = str(text)
    for character in "\\|*<_":
        found = found.replace(character, f"\\{character}")
    return " ".join(found.split())


def rendered(template: str, **values: Any) -> str:
    """A page from its template."""
    environment = jinja2.Environment(  # noqa: S701  # it writes Markdown, from our own specification
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = cell
    return environment.get_template(template).render(values)
