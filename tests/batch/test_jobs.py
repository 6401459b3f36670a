"""Jobs are read, typed and checked before anything else happens."""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import bfl_batch
import numpy
import pytest
from bfl_api import models
from bfl_api.table import ENDPOINTS
from bfl_batch.jobs import LISTED, Job, Jobs, JobsError, without_media
from bfl_client import ConfigurationError, specification
from bfl_client.constraints import with_files
from PIL import Image

from tests.needs import EDITING, PICTURE

GOOD = {"endpoint": PICTURE, "prompt": "a fox"}


def refused(source: Any, endpoint: str | None = None) -> JobsError:
    with pytest.raises(JobsError) as caught, Jobs(source, endpoint) as jobs:
        jobs.check()
    return caught.value


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{broken", "is not a JSON object"),
        ("[1]", "is not a JSON object"),
        ("\xff", "is not a JSON object"),
        ('{"prompt": "a", "prompt": "b"}', "given twice"),
        (f'{{"endpoint": "{PICTURE}", "prompt": "a", "seed": NaN}}', "NaN is not a number"),
        ('{"prompt": "a"}', "no endpoint is given"),
        (f'{{"endpoint": "{EDITING}x", "prompt": "a"}}', f"did you mean '{EDITING}'"),
        (f'{{"endpoint": "{EDITING}"}}', "prompt: is required"),
        (f'{{"endpoint": "{PICTURE}", "prompt": "a", "width": 1}}', "width: must be an integer from 256 to "),
        (f'{{"endpoint": "{PICTURE}", "prompt": "a", "widht": 512}}', "did you mean 'width'"),
        (f'{{"endpoint": "{PICTURE}", "prompt": "a", "name": ""}}', "a name must be a string"),
        (f'{{"endpoint": "{PICTURE}", "prompt": "a", "name": "\\ud800"}}', "a name must be a string"),
        (f'{{"endpoint": "{PICTURE}", "prompt": "a", "image_prompt": "cat.png"}}', '"@cat.png"'),
        (f'{{"endpoint": "{PICTURE}", "prompt": "a", "image_prompt": "@cat.png"}}', "there is no file"),
        (f'{{"endpoint": "{PICTURE}", "prompt": "a", "webhook_url": "https://x.example/"}}', "leave it out"),
        (f'{{"endpoint": "{PICTURE}", "prompt": "a", "name": "first"}}', "line 1 has the same name, 'first'"),
    ],
)
def test_every_mistake_is_reported_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    """A mistake in the third line of a file is reported with that number, and with what would be right."""
    path = tmp_path / "jobs.jsonl"
    path.write_bytes(json.dumps({**GOOD, "name": "first"}).encode() + b"\n\n" + line.encode("latin-1") + b"\n")
    error = refused(path)
    assert [mistake.number for mistake in error.mistakes] == [3]
    assert message in str(error)
    assert "nothing was submitted" in str(error)


def test_all_mistakes_are_told_at_once_and_very_many_are_counted() -> None:
    """Every mistake of every line is counted; the message lists the first of them."""
    error = refused(
        [{**GOOD, "width": 1, "steps": 99, "name": "x" if number in (6, 8) else number} for number in range(1000)]
    )
    assert error.count == 2001
    assert len(error.mistakes) == LISTED
    assert str(error).count("\n") == 4
    assert "\n  lines 1 to 1,000: width: must be an integer" in str(error)
    assert "\n  line 9: line 7 has the same name" in str(error)
    odd = refused([{**GOOD, "width": 1} if number % 2 else GOOD for number in range(60)])
    assert "\n  lines 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, … 20 more: width" in str(odd)
    ten = refused([{**GOOD, "width": 1} if number % 2 else GOOD for number in range(20)])
    assert "\n  lines 2, 4, 6, 8, 10, 12, 14, 16, 18, 20: width" in str(ten)
    many = refused([{**GOOD, f"colour{number}": 1} for number in range(80)])
    assert f"and {80 - LISTED:,} more" in str(many)
    assert "more" not in str(refused([{**GOOD, f"colour{number}": 1} for number in range(LISTED)]))


def test_an_empty_file_is_a_mistake(tmp_path: Path) -> None:
    """A file without a job is refused."""
    path = tmp_path / "jobs.jsonl"
    path.write_text("\n\n")
    assert "no jobs found" in str(refused(path))


def test_a_table_is_typed_by_the_specification(tmp_path: Path) -> None:
    """In CSV, numbers and booleans become such where the parameter is one, texts stay texts, empty cells are none."""
    path = tmp_path / "jobs.csv"
    path.write_text(
        '\ufeffname,prompt,width,prompt_upsampling,user\n1,"42, a fox\nin the snow",512,true,7\nb,owl,,,\n',
        encoding="utf-8",
    )
    body = {"prompt": "42, a fox\nin the snow", "width": 512, "prompt_upsampling": True, "user": "7"}
    with Jobs(path, PICTURE) as jobs:
        assert jobs.check() == 2
        assert list(jobs) == [Job(3, "1", PICTURE, body), Job(4, "b", PICTURE, {"prompt": "owl"})]


@pytest.mark.parametrize(
    "text", ["prompt,prompt\na,b\n", "prompt,\na,b\n", "prompt,seed\na,1,b\n", 'prompt\n"a\n', "a fox\nan owl\n"]
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """Columns without a name of their own, cells without a column and broken quotes are mistakes."""
    path = tmp_path / "jobs.csv"
    path.write_text(text)
    refused(path, PICTURE)


@pytest.mark.parametrize(
    ("name", "content"),
    [("jobs.jsonl", b'{"prompt": "a fox"}\n{"prompt": "an owl"}\n'), ("jobs.csv", b"prompt\na fox\nan owl\n")],
)
def test_a_pipe_is_read_once(tmp_path: Path, name: str, content: bytes) -> None:
    """Jobs that can be read only once are checked, and then carried out from what was read."""
    if sys.platform == "win32":
        pytest.skip("Windows has no fifos")
    fifo = tmp_path / name
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=(content,), daemon=True)
    writer.start()
    with Jobs(fifo, PICTURE) as jobs:
        assert jobs.check() == 2
        for _ in range(2):
            assert [job.body["prompt"] for job in jobs] == ["a fox", "an owl"]
        assert jobs.folder == Path.cwd()
    writer.join(30)


def test_jobs_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name "-" stands for standard input, and messages say so."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"prompt": "a fox"}\n')))
    with Jobs("-", PICTURE) as jobs:
        assert jobs.check() == 1
        assert [job.body for job in jobs] == [{"prompt": "a fox"}]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{")))
    assert str(refused("-")).startswith("standard input: 1 mistake")


def test_what_was_checked_is_what_is_carried_out(tmp_path: Path) -> None:
    """A file that changes after it was checked changes nothing any more."""
    path = tmp_path / "jobs.jsonl"
    path.write_text(json.dumps(GOOD))
    with Jobs(path) as jobs:
        jobs.check()
        path.write_text(json.dumps({**GOOD, "width": 1}))
        assert [job.body for job in jobs] == [{"prompt": "a fox"}]


def test_jobs_come_from_python_too(tmp_path: Path) -> None:
    """Mappings and models are jobs; a path is kept as a path, and the content of a file is refused."""
    picture = tmp_path / "cat.png"
    Image.new("RGB", (64, 64)).save(picture)
    model = getattr(models, ENDPOINTS[PICTURE].schema or "")
    given: list[Any] = [{**GOOD, "name": 7, "image_prompt": picture}, model(prompt="an owl")]
    with Jobs(given, PICTURE) as jobs:
        assert jobs.check() == 2
        first, second = jobs
    assert first == Job(1, "7", PICTURE, {"prompt": "a fox", "image_prompt": f"@{picture}"})
    assert second == Job(2, "00002", PICTURE, {"prompt": "an owl"})
    assert "save it to a file" in str(refused([{**GOOD, "image_prompt": picture.read_bytes()}]))


@pytest.mark.parametrize("source", [None, 5, "\0", "\ud800", "x" * 5000, "no-such-file", Path("\0")], ids=ascii)
def test_a_source_that_is_none_is_refused(source: Any) -> None:
    """What is neither a list of jobs nor can name a file is refused as such."""
    with pytest.raises(ConfigurationError, match="jobs must be a file|cannot be read"), Jobs(source) as jobs:
        jobs.check()


def test_a_value_without_end_is_refused(tmp_path: Path) -> None:
    """A list that contains itself and a line that is nested too deep are mistakes, whether or not jobs are checked."""
    endless: list[Any] = []
    endless += [endless, endless]
    line = json.dumps({**GOOD, "image_prompt": 0}).replace("0", "[" * 900 + "]" * 900)
    (tmp_path / "jobs.jsonl").write_text(line)
    for source in ([{**GOOD, "image_prompt": endless}], tmp_path / "jobs.jsonl"):
        assert "nested more than 64 levels deep" in str(refused(source))
    assert "nested more than 64 levels deep" in str(refused([{**GOOD, "validate": False, "image_prompt": endless}]))


def test_files_lie_beside_the_jobs(tmp_path: Path) -> None:
    """`@name` is relative to the jobs file, also within lists; a prompt that begins with @ stays a prompt."""
    body = {"prompt": "@home", "input_image": "@cat.png", "seed": 1}
    (tmp_path / "cat.png").touch()
    (tmp_path / "a.png").touch()
    found, wrong = with_files(EDITING, body, tmp_path)
    assert not wrong
    assert found == {"prompt": "@home", "input_image": tmp_path / "cat.png", "seed": 1}
    assert without_media(EDITING, body) == {"prompt": "@home", "seed": 1}
    frames, _ = with_files("flux-3-video", {"mode": "i2v", "keyframes": [["@a.png", 0]]}, tmp_path)
    assert frames["keyframes"] == [[tmp_path / "a.png", 0]]


def test_a_path_of_python_lies_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative Path in params is the caller's file, not one beside the jobs file, which may lie elsewhere."""
    for folder, colour in (("here", "red"), ("there", "blue")):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (64, 64), colour).save(tmp_path / folder / "cat.png")
    (tmp_path / "there" / "jobs.jsonl").write_text('{"prompt": "a cat"}')
    monkeypatch.chdir(tmp_path / "here")
    with Jobs(tmp_path / "there" / "jobs.jsonl", EDITING, {"input_image": Path("cat.png")}) as jobs:
        jobs.check()
        (job,) = jobs
    found, _ = with_files(EDITING, job.body, tmp_path / "there")
    assert found["input_image"] == tmp_path / "here" / "cat.png"


def test_a_null_in_a_line_beats_what_all_jobs_share(tmp_path: Path) -> None:
    """A line may take a shared parameter back: its null is sent as it stands, and the service uses its default."""
    path = tmp_path / "jobs.jsonl"
    path.write_text('{"prompt": "a fox", "seed": null}\n{"prompt": "an owl", "seed": 2}\n{"prompt": "a hare"}\n')
    with Jobs(path, PICTURE, {"seed": 1}) as jobs:
        jobs.check()
        assert [job.body["seed"] for job in jobs] == [None, 2, 1]


def test_an_unchecked_job_with_what_cannot_be_sent_is_a_mistake(tmp_path: Path) -> None:
    """An empty file is found before anything is submitted, though the job is not checked against the specification."""
    (tmp_path / "cat.png").touch()
    (tmp_path / "jobs.jsonl").write_text(json.dumps({**GOOD, "validate": False, "image_prompt": "@cat.png"}))
    assert "image_prompt: cannot be sent: it is empty" in str(refused(tmp_path / "jobs.jsonl"))


def test_base64_in_lines_becomes_one() -> None:
    """A job's base64 is kept in one line, as the service takes it; that of an unchecked job stays as it is."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 64)).save(picture, "PNG")
    lines = base64.encodebytes(picture.getvalue()).decode()
    given = {**GOOD, "image_prompt": lines}
    with Jobs([given, {**given, "validate": False}], None) as jobs:
        jobs.check()
        found = [job.body["image_prompt"] for job in jobs]
    assert found == [base64.b64encode(picture.getvalue()).decode(), lines]


PRICES = {name: specification.prices(name, {}) for name in ENDPOINTS}
FIXED = [name for name, (price, most) in PRICES.items() if price is not None]
BOUNDED = [name for name, (price, most) in PRICES.items() if price is None and most is not None]
UNPRICED = [name for name, (price, most) in PRICES.items() if most is None]


@pytest.mark.skipif(not (FIXED and BOUNDED and UNPRICED), reason="the specification has not every kind of price")
@pytest.mark.parametrize(
    ("endpoints", "exact"),
    [(FIXED, True), (UNPRICED, True), (FIXED + UNPRICED, True), (BOUNDED, False), (BOUNDED + FIXED, False)],
    ids=["fixed", "none", "fixed or none", "bounded", "bounded or fixed"],
)
def test_a_plan_adds_up_the_prices_that_are_known(endpoints: list[str], exact: bool) -> None:
    """It counts jobs by endpoint, adds the price or the most that it can be, and says what is left out or not exact."""
    lines = [{"endpoint": name, "name": f"{name} {number}"} for name in endpoints for number in (1, 2)]
    with Jobs(lines, validate=False) as jobs:
        assert jobs.check() == 2 * len(endpoints)
        plan = jobs.plan
    assert plan.endpoints == dict.fromkeys(endpoints, 2)
    assert plan.credits == pytest.approx(2 * sum(specification.highest_price(name, {}) or 0.0 for name in endpoints))
    assert plan.exact == exact
    assert plan.unpriced == 2 * len({*endpoints} & {*UNPRICED})


class _Raises:
    def to_dict(self) -> dict[str, Any]:
        raise AttributeError("'str' object has no attribute 'value'")

    def __fspath__(self) -> str:
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError


class _Unreadable(dict[str, Any]):
    def items(self) -> Any:
        raise KeyError("x")


def _nested(depth: int) -> Any:
    found: Any = "true"
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    "wrong",
    [
        _Raises(),
        {**GOOD, "name": 10**5000},
        {**GOOD, "validate": 10**5000},
        {**GOOD, "validate": _nested(100_000)},
        {**GOOD, "validate": _Raises()},
        {**GOOD, "seed": _Raises()},
        {**GOOD, "seed": _Unreadable()},
        {**GOOD, "seed": Path("\0")},
        {**GOOD, "seed": Path("\ud800")},
        {**GOOD, "endpoint": numpy.zeros(2)},
        {**GOOD, "endpoint": f"{PICTURE}\ud800", "validate": False},
        {**GOOD, "endpoint": f"{PICTURE}\0", "validate": False},
        {**GOOD, "endpoint": "x" * 10_000, "validate": False},
    ],
    ids=range(13),
)
def test_a_job_that_cannot_be_read_is_a_mistake_of_its_line(wrong: Any) -> None:
    """Whatever an object of the caller's raises, and whatever its size, it is a mistake of its own line."""
    error = refused([GOOD, wrong])
    assert [mistake.number for mistake in error.mistakes] == [2]
    assert len(str(error)) < 1000


@pytest.mark.parametrize(
    "wrong",
    [
        {"jobs": _Raises()},
        {"jobs": Path(__file__).parent, "endpoint": 5},
        {"endpoint": b"x"},
        {"params": 5},
        {"params": _Raises()},
        {"validate": "no"},
    ],
    ids=range(6),
)
def test_arguments_of_a_plan_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    """What cannot be meant is refused where jobs are only looked at, too."""
    with pytest.raises(ConfigurationError):
        bfl_batch.plan(**{"jobs": [GOOD], **wrong})


@pytest.mark.parametrize("folder", [None, 5, b"x", _Raises()], ids=range(4))
def test_what_is_no_folder_has_no_progress(folder: Any) -> None:
    """A look at what is no path, or at a database whose URL is no text, is a ConfigurationError."""
    with pytest.raises(ConfigurationError):
        bfl_batch.look(folder)
    with pytest.raises(ConfigurationError):
        bfl_batch.look("x", 5)  # type: ignore[arg-type]
