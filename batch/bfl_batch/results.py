"""The batch's results as a file of JSON lines, and how any file of a batch is replaced whole or not at all."""

from __future__ import annotations

import json
import math
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from .records import Record

_ABANDONED = 86400.0  # seconds after which a temporary file cannot be another process's work any more


def write_results(folder: Path, records: Iterable[Record]) -> Path:
    """Write `results.jsonl` into the folder, one JSON object for each record, and return its path.

    The keys are those of `Record`, but for `id`, the task's. The lines are plain ASCII, so that no reader splits one at
    a line separator of Unicode, and a number that JSON does not know is null. Records are taken one at a time.

    Raises:
        OSError: the file cannot be written; an earlier one is as it was.
    """
    path = folder / "results.jsonl"
    with whole(path) as file:
        for record in records:
            row = {("id" if key == "task_id" else key): value for key, value in record._asdict().items()}
            file.write(json.dumps(_plain(row), default=str, allow_nan=False).encode("ascii") + b"\n")
    return path


@contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` when the block ends, and leaves no trace if it raises.

    What a killed process left behind is removed when it is a day old: until then it may be the work of a living one.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
    """
    prefix = f".{path.name}."
    for left in path.parent.glob(f"{prefix}*.part"):
        with suppress(FileNotFoundError):  # another process was faster
            if left.stat().st_mtime < time.time() - _ABANDONED:
                left.unlink()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # or a power cut may leave the new name with nothing in it
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _plain(value: Any) -> Any:
    """The value with null for each number that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
