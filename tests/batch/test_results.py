"""The results of a batch as JSON lines."""

from __future__ import annotations

import json
import math
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bfl_batch.reports import Progress, Record, record_of, visible, write_results

from tests.needs import PICTURE

from .sheets import HOSTILE, hostile, record

KEYS = ["number", "name", "endpoint", "inputs", "state", "id", "cost", "seed", "path", "error"]
KEYS += ["submitted_at", "finished_at", "seconds"]


def test_each_line_is_a_record(tmp_path: Path) -> None:
    """Every record is one line with every field, in the order of the records, with the task's id as `id`."""
    path = write_results(tmp_path, (record(number) for number in (3, 1, 2)))
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert path == tmp_path / "results.jsonl"
    assert [row["number"] for row in rows] == [3, 1, 2]
    assert list(rows[0]) == KEYS
    assert rows[0]["id"] == "id-3" and rows[0]["inputs"] == {"prompt": "a fox, number 3", "width": 1024}


def test_any_text_comes_back_from_its_line(tmp_path: Path) -> None:
    """Hostile texts are read back as they were, from one line each, also by who splits at Unicode's separators."""
    path = write_results(tmp_path, (hostile(number, text, None) for number, text in enumerate(HOSTILE)))
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(row["name"], row["error"], row["inputs"]["prompt"]) for row in rows] == [(text,) * 3 for text in HOSTILE]


def test_numbers_that_json_does_not_know_are_null(tmp_path: Path) -> None:
    """NaN and infinities, wherever they stand, are written as null."""
    path = write_results(tmp_path, [record(cost=math.nan, inputs={"guidance": [math.inf, 1.5]})])
    row = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda word: pytest.fail(word))
    assert row["cost"] is None and row["inputs"] == {"guidance": [None, 1.5]}


def test_seconds_are_given_to_the_millisecond() -> None:
    """How long a task took is the time between its submit and its end, without digits that nobody measured."""
    times = {"submitted_at": "2026-11-27T10:00:00.000001+00:00", "finished_at": "2026-11-27T10:00:02.123456+00:00"}
    facts = dict.fromkeys(Record._fields) | {"endpoint": PICTURE, "body": "{}", **times}
    assert record_of(SimpleNamespace(**facts), "done", False).seconds == 2.123


def test_a_failure_leaves_the_old_results(tmp_path: Path) -> None:
    """If the records end in an error, the file is what it was, and nothing is left beside it."""

    def broken() -> Iterator[Record]:
        yield record()
        raise RuntimeError("the database is gone")

    before = write_results(tmp_path, [record()]).read_bytes()
    with pytest.raises(RuntimeError, match="gone"):
        write_results(tmp_path, broken())
    assert (tmp_path / "results.jsonl").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["results.jsonl"]


def test_memory_does_not_grow_with_the_records(tmp_path: Path) -> None:
    """Ten thousand records, 20 MB of them, are written within 2 MB of memory."""
    tracemalloc.start()
    try:
        write_results(tmp_path, (record(number, inputs={"prompt": "x" * 2000}) for number in range(10_000)))
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_what_acts_on_a_terminal_is_shown_as_a_picture() -> None:
    """Control characters become their pictures, overrides of the direction their numbers; lines and letters stay."""
    assert visible("a\x1b[2J\x00\x7fb") == "a\u241b[2J\u2400\u2421b"
    assert visible("\u202efox\u061c") == "[U+202E]fox[U+061C]"
    assert visible("\ud800 \ufffe \x85") == "\ufffd \ufffd \ufffd"
    assert visible("two\r\nlines\tf\u00fcr \u72d0") == "two\nlines\tf\u00fcr \u72d0"


def test_a_job_may_take_days() -> None:
    """The seconds of a job that was resumed two days later are those of two days."""
    times = {"submitted_at": "2026-11-25T10:00:00+00:00", "finished_at": "2026-11-27T10:00:01.5+00:00"}
    facts = dict.fromkeys(Record._fields) | {"endpoint": PICTURE, "body": "{}", **times}
    assert record_of(SimpleNamespace(**facts), "done", False).seconds == 2 * 86400 + 1.5


def test_a_job_in_one_line() -> None:
    """The summary of a job is one line with its reason, if there is one, whatever the reason contains."""
    assert record(3, name="fox", error="refused:\n\x1b[31mtoo\r\nred").summary == (
        "line 3, fox: done: refused: \u241b[31mtoo red"
    )
    assert record(3, name="fox").summary == "line 3, fox: done"


def test_the_time_that_is_left_is_told_at_the_pace_of_this_run() -> None:
    """After a quarter of what is left, three times the time that has passed is left; before that nobody knows."""
    figures: dict[str, Any] = {"jobs": 40, "done": 25, "failed": 0, "uncertain": 0, "active": 4, "credits": 9.0}
    assert Progress(**figures, left=15, seconds=10.0, ended=5).eta == 30.0
    assert Progress(**figures, left=15, seconds=10.0, ended=0).eta is None
    assert Progress(**figures, left=0, seconds=10.0, ended=20).eta == 0.0
