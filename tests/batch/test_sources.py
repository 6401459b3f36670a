"""What people have: tables as spreadsheets write them, lists, folders of pictures, and what nobody knows yet."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import bfl_batch
import pytest
from bfl_batch.jobs import Jobs
from bfl_batch.sources import pictures
from bfl_client.errors import BFLError
from bfl_emulator import Emulator
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.needs import EDITING, PICTURE

from .test_jobs import refused

ROWS = [["Fuchs", 'Ein Fuchs, "süß"; größer', "512.0", "TRUE"], ["", "Ein Hase", "", ""], ["", "", "", ""]]
BODIES = [
    {"prompt": 'Ein Fuchs, "süß"; größer', "width": 512, "prompt_upsampling": True},
    {"prompt": "Ein Hase"},
]


def bodies(source: Any, endpoint: str = PICTURE, **more: Any) -> list[dict[str, Any]]:
    with Jobs(source, endpoint, **more) as jobs:
        jobs.check()
        return [job.body for job in jobs]


def table(delimiter: str, header: list[str], surplus: int, ends: str, lead: str = "") -> str:
    quoted = [['"' + cell.replace('"', '""') + '"' if cell else "" for cell in row] for row in [header, *ROWS]]
    return lead + "".join(delimiter.join([*row, *[""] * surplus]) + ends for row in quoted)


@given(
    delimiter=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be"]),
    case=st.sampled_from([str.lower, str.upper, str.title]),
    surplus=st.integers(0, 3),
    ends=st.sampled_from(["\n", "\r\n"]),
    said=st.booleans(),
)
def test_a_table_may_come_from_any_spreadsheet(
    tmp_path_factory: pytest.TempPathFactory,
    delimiter: str,
    encoding: str,
    case: Any,
    surplus: int,
    ends: str,
    said: bool,
) -> None:
    """Separators, encodings, capitals, surplus columns, empty cells and rows, 512.0 and TRUE make no difference."""
    path = tmp_path_factory.mktemp("tables") / "jobs.csv"
    header = [case(name) for name in ("name", "prompt", "width", "prompt upsampling")]
    text = table(delimiter, header, surplus, ends, f"sep={delimiter}{ends}" if said else "")
    path.write_bytes((b"\xfe\xff" if encoding == "utf-16-be" else b"") + text.encode(encoding))
    assert bodies(path) == BODIES


@pytest.mark.about("flux-dev:guidance")
def test_a_table_with_one_column_needs_no_quotes(tmp_path: Path) -> None:
    """Where the header has one name, commas and semicolons are text; numbers may have a decimal comma elsewhere."""
    path = tmp_path / "jobs.csv"
    path.write_text("Prompt\na fox, an owl; a hare\n")
    assert bodies(path) == [{"prompt": "a fox, an owl; a hare"}]
    path.write_text("prompt;guidance\na fox;2,5\n")
    assert bodies(path) == [{"prompt": "a fox", "guidance": 2.5}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("jobs.xlsx", b"PK\3\4", "\n  is a spreadsheet"),
        ("jobs.csv", b"PK\3\4", "\n  is a spreadsheet"),
        ("jobs.csv", "prompt\nein Füchslein\nnoch ein Fuchs: ü\n".encode("cp1252"), "line 2: is not UTF-8: save the"),
        ("jobs.csv", b"prompt|width\na fox|1\nan owl|2\n", "with commas, semicolons or tabs"),
        ("jobs.csv", b"prompt,prompt\na,b\nc,d\n", "two columns are named 'prompt'"),
        ("jobs.csv", b"sep=;\nfoo;bar\n1;2\n", "line 2: no column is named after a parameter"),
        ("jobs.csv", b'sep=;\nprompt;seed\n"a fox"s;1\n', "line 3: cannot be read as CSV"),
        ("jobs.csv", b'prompt,seed\n"a\nfox"s,1\nan owl,2\n', "line 3: cannot be read as CSV"),
        ("jobs.csv", b'prompt,seed\n"a fox,1\nan owl,2\n', "line 3: cannot be read as CSV: unexpected end of data"),
        ("jobs.csv", b"prompt,seed\na fox, red,1\nan owl, red,2\n", "lines 2 to 3: a cell has no name above it"),
        ("jobs.csv", b"sep=\nprompt\na fox\n", "line 1: names no separator after sep="),
        ("jobs.csv", b"sep=\r\nprompt\r\na fox\r\n", "line 1: names no separator after sep="),
        ("jobs.csv", b'sep="\nprompt\na fox\n', "line 1: names no separator after sep="),
        ("jobs.jsonl", b"\xff\xfe{", "\n  is not whole UTF-16"),
        ("jobs.jsonl", '{"prompt": "a fox"}'.encode("utf-16-le"), "\n  is not text: save it once more, as UTF-8"),
        ("fox.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "\n  is not text"),
        ("jobs.csv", b"\xfe\xff\0p\xd8\0", "\n  is not whole UTF-16"),
        ("jobs.jsonl", b"a fox\nan owl\na hare\n", "lines 1 to 3: is not a JSON object"),
        ("jobs.json", b"[{]", "\n  is not a JSON list of jobs"),
    ],
)
def test_a_file_that_cannot_be_taken_is_one_mistake(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """What is not clear is refused with one message for all lines, which says what to do."""
    path = tmp_path / name
    path.write_bytes(content)
    lines = str(refused(path, PICTURE)).splitlines()
    assert message in "\n".join(lines)
    assert len(lines) in (2, 3)  # the last says what to do about lines


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs a device without end")
def test_a_device_without_end_is_no_jobs_file() -> None:
    """A file that is not text is not read to an end that may never come."""
    assert "is not text" in str(refused(Path("/dev/zero"), PICTURE))


def test_lines_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    """The mark that some editors put at the beginning is no part of the first line; further on it is a mistake."""
    (tmp_path / "jobs.json").write_bytes(b'\xef\xbb\xbf[{"prompt": "a fox"}]')
    assert bodies(tmp_path / "jobs.json") == [{"prompt": "a fox"}]
    path = tmp_path / "jobs.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"prompt": "a fox"}\n{"prompt": "an owl"}\n')
    assert bodies(path) == [{"prompt": "a fox"}, {"prompt": "an owl"}]
    path.write_bytes(b'{"prompt": "a fox"}\n\xef\xbb\xbf{"prompt": "an owl"}\n')
    assert "line 2: is not a JSON object" in str(refused(path, PICTURE))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_lines_may_be_utf_16(tmp_path: Path, encoding: str, ending: str) -> None:
    """Lines and lists as PowerShell redirects them to a file are read like those in UTF-8."""
    jobs = [{"prompt": "ein Füchslein"}, {"prompt": "an owl"}]
    lines = [jobs] if ending == "json" else jobs
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\r\n" for line in lines)
    path = tmp_path / f"jobs.{ending}"
    path.write_bytes((b"\xfe\xff" if encoding == "utf-16-be" else b"") + text.encode(encoding))
    assert bodies(path) == jobs


def test_a_list_is_taken_like_lines(tmp_path: Path) -> None:
    """A JSON list of jobs, over any number of lines, is the same as a line for each."""
    path = tmp_path / "jobs.json"
    path.write_text(json.dumps([{"prompt": "a fox"}, {"prompt": "an owl"}], indent=2))
    assert bodies(path) == [{"prompt": "a fox"}, {"prompt": "an owl"}]
    path.write_text('[{"prompt": "a fox"}, 7]')
    assert [each.number for each in refused(path, PICTURE).mistakes] == [2]


def test_a_job_has_the_number_of_its_line(tmp_path: Path) -> None:
    """Names and mistakes count the lines of the file, of which the header and the separator's line are two."""
    path = tmp_path / "jobs.csv"
    path.write_text("sep=;\nprompt;seed\na fox;1\n")
    with Jobs(path, PICTURE) as jobs:
        jobs.check()
        assert [job.number for job in jobs] == [3]
    path.write_text("sep=;\nprompt;seed\na fox;one\n")
    assert [each.number for each in refused(path, PICTURE).mistakes] == [3]


def test_a_folder_of_pictures_is_a_batch(tmp_path: Path) -> None:
    """Each picture of a folder is a job that sends it, saved under the picture's own name; other files are left out."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("FOX.PNG", "owl.jpg", "owl.png"):
        Image.new("RGB", (64, 64), "red").save(photos / name)
    (photos / "notes.txt").write_text("not a picture")
    asked = {"image_prompt": "@{file}", "prompt": "the {name} in snow", "width": "512", "height": 512}
    plan = bfl_batch.plan(photos, endpoint=PICTURE, params=asked)
    assert plan.files == ("FOX.jpg", "owl-jpg.jpg", "owl-png.jpg")
    with Emulator(speed=float("inf")) as emulator:
        key: Any = {"api_key": emulator.api_key, "base_url": emulator.base_url}
        report = bfl_batch.run(photos, out=tmp_path / "out", endpoint=PICTURE, params=asked, **key)
        sent = [request.body for request in list(emulator.requests) if request.method == "POST"]
    assert report.done == 3
    assert {path.name for path in (tmp_path / "out").glob("*.jpg")} == set(plan.files)
    assert {(body["prompt"], body["width"]) for body in sent} == {
        ("the FOX in snow", 512),
        ("the owl.jpg in snow", 512),
        ("the owl.png in snow", 512),
    }
    assert all(len(body["image_prompt"]) > 80 for body in sent)


def test_a_folder_needs_pictures_and_a_parameter_for_them(tmp_path: Path) -> None:
    """A folder is refused with the parameter that would send its pictures; so is one without a picture."""
    said = str(refused(tmp_path, PICTURE))
    assert 'params={"image_prompt": "@{file}"}' in said
    assert "line" not in said.replace(str(tmp_path), "")
    with pytest.raises(BFLError, match="no pictures or videos"), Jobs(tmp_path, PICTURE, {"prompt": "{file}"}) as jobs:
        jobs.check()


@pytest.mark.parametrize("line", [{"validate": False}, {}])
def test_what_is_not_known_can_be_sent(tmp_path: Path, line: dict[str, Any]) -> None:
    """A job may name an unknown endpoint, parameter or value, with a key in its line or validate=False for all."""
    Image.new("RGB", (64, 64)).save(tmp_path / "fox.png")
    path = tmp_path / "jobs.jsonl"
    jobs = [
        {"endpoint": "flux-9", "prompt": "a", **line},
        {"endpoint": PICTURE, "width": 1, "q": "@fox.png", **line},
    ]
    path.write_text("".join(json.dumps(job) + "\n" for job in jobs))
    plan = bfl_batch.plan(path, validate=bool(line))
    assert (plan.endpoints, plan.files) == ({"flux-9": 1, PICTURE: 1}, ("00001", "00002.jpg"))
    with Emulator(speed=float("inf")) as emulator:
        key: Any = {"api_key": emulator.api_key, "base_url": emulator.base_url}
        report = bfl_batch.run(path, out=tmp_path / "out", validate=bool(line), **key)
        sent = [request.body for request in list(emulator.requests) if request.method == "POST"]
    assert report.failed == 2  # refused by the emulator
    assert [body["q"][:5] for body in sent if body and "q" in body] == ["iVBOR"]
    path.write_text("".join(json.dumps({**job, "validate": True}) + "\n" for job in jobs))
    assert '"validate": false in a line' in str(refused(path))


def test_jobs_that_cannot_be_read_are_an_error_of_ours(tmp_path: Path) -> None:
    """A jobs file that is not there raises a BFLError that names it."""
    with pytest.raises(BFLError, match=r"nope\.jsonl cannot be read: No such file"):
        bfl_batch.run(tmp_path / "nope.jsonl", out=tmp_path / "out", api_key="key")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file that opens and cannot be read is Linux's")
def test_a_file_that_fails_while_it_is_read_is_named() -> None:
    """An error of the system without a name of a file is reported with the name that the caller gave."""
    with (
        pytest.raises(BFLError, match=r"/proc/self/mem cannot be read: Input/output error"),
        Jobs("/proc/self/mem") as jobs,
    ):
        jobs.check()


def test_only_pictures_of_a_folder_are_jobs_in_the_order_of_their_names(tmp_path: Path) -> None:
    """Hidden files and folders are no pictures; two names that differ in case alone keep their suffix."""
    for name in ("d.webp", "B.png", "fox.png", "Fox.jpg", "a.mp4", ".hidden.png", "._B.png", "notes.pdf"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    found = {"B": "B.png", "Fox.jpg": "Fox.jpg", "a": "a.mp4", "d": "d.webp", "fox.png": "fox.png"}
    assert list(pictures(tmp_path).items()) == list(found.items())


@pytest.mark.parametrize("name", ["JOBS.CSV", "jobs.tsv", "Jobs.Csv"])
def test_a_table_is_known_by_its_suffix(tmp_path: Path, name: str) -> None:
    """Tables may have tabs, and their suffix capitals, as some systems write it."""
    (tmp_path / name).write_text("prompt\twidth\na fox\t512\n")
    assert bodies(tmp_path / name) == [{"prompt": "a fox", "width": 512}]


@pytest.mark.parametrize(
    "content",
    [b"prompt,width\na fox,512\n", b'[{"prompt": "a fox", "width": 512}]', b'\n{"prompt": "a fox", "width": 512}\n'],
    ids=["table", "list", "lines"],
)
def test_standard_input_may_be_anything(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """A table, a JSON list and lines are told apart by how they begin; standard input stays open for the program."""
    given = io.TextIOWrapper(io.BytesIO(content))
    monkeypatch.setattr(sys, "stdin", given)
    assert bodies("-") == [{"prompt": "a fox", "width": 512}]
    assert not given.buffer.closed


def test_a_line_wins_over_what_is_given_for_all(tmp_path: Path) -> None:
    """A line's own endpoint and parameters count; what is given for all jobs fills in what it leaves out."""
    path = tmp_path / "jobs.jsonl"
    lines = [{"prompt": "a fox"}, {"endpoint": f"/v1/{EDITING}", "width": 512}]
    path.write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    with Jobs(path, PICTURE, {"prompt": "an owl", "width": 256}) as jobs:
        jobs.check()
        assert [(job.endpoint, job.body) for job in jobs] == [
            (PICTURE, {"prompt": "a fox", "width": 256}),
            (EDITING, {"prompt": "an owl", "width": 512}),
        ]
        assert jobs.plan.endpoints == {PICTURE: 1, EDITING: 1}


def test_a_table_may_say_that_a_row_is_not_checked(tmp_path: Path) -> None:
    """In the column validate, false as any spreadsheet writes it sends the row unchecked, and nothing else does."""
    path = tmp_path / "jobs.csv"
    path.write_text("prompt,width,validate\na fox,1,FALSE\nan owl,1, False \na hare,512,TRUE\na cat,512,\n")
    with Jobs(path, PICTURE) as jobs:
        assert jobs.check() == 4
        assert [job.validate for job in jobs] == [False, False, True, True]
    path.write_text("prompt,validate\na fox,perhaps\n")
    assert "line 2: validate must be true or false (got perhaps)" in str(refused(path, PICTURE))


@pytest.mark.parametrize(("name", "fits"), [("x" * 500, True), ("x" * 501, False), ("  ", False), (" fox ", True)])
def test_a_name_has_one_to_five_hundred_characters(name: str, fits: bool) -> None:
    """A long name is a name, up to a bound; one of blanks alone is none."""
    job = {"endpoint": PICTURE, "prompt": "a fox", "name": name}
    if fits:
        assert bodies([job]) == [{"prompt": "a fox"}]
    else:
        assert "1 to 500 characters" in str(refused([job]))


@pytest.mark.parametrize("parameter", ["webhook_url", "webhook_secret"])
def test_a_batch_takes_no_webhook(parameter: str) -> None:
    """Jobs that ask for a webhook are refused, also unchecked ones: the batch polls its tasks itself."""
    for more in ({}, {"validate": False}):
        job = {"endpoint": PICTURE, "prompt": "a fox", parameter: "https://x.example/", **more}
        assert f"{parameter}: a batch polls its tasks itself" in str(refused([job]))


def test_what_is_not_utf_8_is_told_with_its_place(tmp_path: Path) -> None:
    """The byte that is wrong in a line is named by its number, counted from 1 as lines are."""
    path = tmp_path / "jobs.jsonl"
    path.write_bytes(b'{"prompt": "a fox"}\n{"prompt": "\xff"}\n')
    assert "line 2: is not a JSON object: byte 13 is not UTF-8" in str(refused(path, PICTURE))
