"""Records for tests of results and sheets, tame ones and hostile ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bfl_batch.reports import Record
from PIL import Image

HOSTILE = [
    "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    "</title><script>document.title='owned'</script>",
    "</style><style>*{display:none}</style>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "' autofocus onfocus='document.title=1' x='",
    '<a href="javascript:document.title=1">x</a>',
    "javascript:document.title='owned'",
    "<img src=http://evil.invalid/a.png><link rel=stylesheet href=//evil.invalid/b.css>",
    "<svg onload=document.title=1><base href=//evil.invalid/>",
    "<iframe srcdoc='<script>parent.document.title=1</script>'></iframe>",
    "<meta http-equiv=refresh content='0;url=http://evil.invalid/'>",
    "--><script>document.title='owned'</script><!--",
    "{{ 7 * 7 }}{% raw %}${document.title=1}",
    "&lt;b&gt; &amp; &#x3c;script&#x3e;",
    "\u202egnp.exe\u2066 turned \u202e around",
    "nul \x00 bell \x07 escape \x1b[31m delete \x7f c1 \x9b",
    "lone \ud800 surrogate \udfff",
    "lines\u2028and\u2029paragraphs\r\nand\rreturns",
    "long " * 2000,
    "Z" + "\u0301\u0330" * 400,
    "unbroken" * 300,
]


def record(number: int = 1, **changes: Any) -> Record:
    """A finished job, but for the changes."""
    values: dict[str, Any] = {
        "number": number,
        "name": f"job {number}",
        "endpoint": "some-endpoint",
        "inputs": {"prompt": f"a fox, number {number}", "width": 1024},
        "state": "done",
        "task_id": f"id-{number}",
        "cost": 3.0,
        "seed": 40 + number,
        "path": None,
        "error": None,
        "submitted_at": "2026-11-22T20:14:03+00:00",
        "finished_at": "2026-11-22T20:14:09+00:00",
        "seconds": 6.2,
    }
    return Record(**values | changes)


def hostile(number: int, text: str, path: str | None) -> Record:
    """A job that says `text` wherever a text can stand."""
    inputs = {"prompt": text, text: text, "nested": {text: [text, {"x": text}]}}
    changes = {"name": text, "endpoint": text, "inputs": inputs, "task_id": text, "error": text, "submitted_at": text}
    return record(number, **changes, finished_at=text, path=path, state="done" if path else "failed")


def picture(path: Path, colour: str = "teal", size: tuple[int, int] = (640, 480)) -> Path:
    """A real picture of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path
