"""The batch's folder may be somebody's: nothing of theirs is replaced, removed or opened to others."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import stat
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bfl_batch
import httpx
import pytest
from bfl_batch import Progress, look
from bfl_batch.folder import ABANDONED, LOCK, RESERVE, Folder
from bfl_batch.jobs import LISTED
from bfl_batch.runner import gone
from bfl_client import ConfigurationError
from PIL import Image

from tests.needs import EDITING

from .processes import Process, watched
from .service import Service, line

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Whose files


def test_a_file_that_another_machine_saved_is_not_missing_here(tmp_path: Path) -> None:
    """Where several machines share a batch, a job's file is looked for only in the folder that it was saved in."""
    here, there = Folder(tmp_path / "here", shared=True), Folder(tmp_path / "there", shared=True)
    for saved, state, missing in ((here, "done", True), (there, "done", False), (here, "failed", False)):
        row = SimpleNamespace(state=state, place=saved.place, path="fox.png")
        assert gone(row, here) is missing
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "fox.png").touch()
    assert not gone(SimpleNamespace(state="done", place=here.place, path="fox.png"), here)


def test_all_names_that_are_taken_are_said_before_anything_is_sent(service: Service, out: Path) -> None:
    """Files of others that stand where the batch would put its own are all named at once; nothing is sent or made."""
    out.mkdir()
    (out / "index.html").write_text("my page")
    (out / "results.jsonl").write_text("my results")
    (out / "Cat.PNG").write_bytes(b"my cat")
    (out / "owl.draft.bin").write_bytes(b"my draft")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(ConfigurationError) as caught:
        service.run([line("fox"), line("cat"), line("Owl")], out)
    for name in ("index.html", "results.jsonl", "Cat.PNG (line 2)", "owl.draft.bin (line 3)"):
        assert name in caught.value.message
    assert "fox" not in caught.value.message
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert not service.posts


@pytest.mark.parametrize(("surplus", "end"), [(0, f"{LISTED}.png (line {LISTED})"), (1, "and 1 more")])
def test_very_many_names_that_are_taken_are_counted(service: Service, out: Path, surplus: int, end: str) -> None:
    """So many files in the way are named, all others counted."""
    out.mkdir()
    names = [f"{number:03d}" for number in range(1, LISTED + surplus + 1)]
    for name in names:
        (out / f"{name}.png").touch()
    with pytest.raises(ConfigurationError) as caught:
        service.run([line(name) for name in names], out)
    assert f"{end}; nothing was submitted" in caught.value.message
    assert caught.value.message.count(".png (line ") == LISTED


def test_the_picture_that_is_sent_is_not_replaced(service: Service, tmp_path: Path) -> None:
    """A job named as the picture that it sends, in the folder of that picture, is refused; the picture stays."""
    Image.new("RGB", (64, 64), "teal").save(tmp_path / "cat.png")
    content = (tmp_path / "cat.png").read_bytes()
    jobs = tmp_path / "jobs.jsonl"
    edit = {"endpoint": EDITING, "name": "cat", "prompt": "make it snow", "input_image": "@cat.png"}
    jobs.write_text(json.dumps(edit))
    with pytest.raises(ConfigurationError, match=r"cat\.png \(line 1\)"):
        service.run(jobs, tmp_path)
    jobs.write_text(json.dumps({**edit, "name": "cat in the snow"}))
    assert service.run(jobs, tmp_path).ok
    assert (tmp_path / "cat.png").read_bytes() == content
    assert (tmp_path / "cat-in-the-snow.png").is_file()


def test_new_lines_do_not_take_names_of_others(service: Service, out: Path) -> None:
    """A line that is added later, whose file's name is taken by then, is refused before it is sent."""
    assert service.run([line("fox")], out).ok
    (out / "owl.jpg").write_bytes(b"my owl")
    with pytest.raises(ConfigurationError, match="owl.jpg"):
        service.run([line("fox"), line("owl")], out)
    assert service.posts == {"fox": 1}
    assert service.run([line("fox")], out).ok


def test_a_name_that_is_taken_meanwhile_is_not_replaced(service: Service, out: Path) -> None:
    """A file that appears while its job is under way stays; the paid result is saved once the name is free."""

    def appear(made: str, number: int) -> None:
        if made == "fox-1" and number == 1:
            (out / "fox.png").write_bytes(b"my fox")

    service.on_poll, seen = appear, list[bfl_batch.Progress]()
    report = service.run([line("fox"), line("owl")], out, on_progress=seen.append)
    assert (report.done, report.submitted) == (1, 1)
    assert seen[-1].ended == 1
    assert "fox.png" in report.troubles[0].summary
    assert (out / "fox.png").read_bytes() == b"my fox"
    assert not list(out.glob(".*.part"))
    (out / "fox.png").unlink()
    assert service.run([line("fox"), line("owl")], out).ok
    assert service.posts == {"fox": 1, "owl": 1}


def test_a_disk_that_is_full_for_a_moment_is_said_to_be_full(
    service: Service, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be written stops the batch as such, though a second attempt would succeed."""
    opened, failed = os.open, list[str]()

    def linked(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "there are no links on this file system")

    def full(path: Any, *how: int) -> int:
        if Path(path).name == "fox.png" and not failed:
            failed.append("fox.png")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return opened(path, *how)

    monkeypatch.setattr(os, "link", linked)
    monkeypatch.setattr(os, "open", full)
    report = service.run([line("fox")], out)
    assert failed
    assert report.stopped is not None
    assert report.stopped.kind == "output"
    assert "No space left" in report.stopped.message
    assert service.run([line("fox")], out).ok
    assert service.posts == {"fox": 1}


def test_what_a_killed_process_saved_is_known_as_the_batchs(service: Service, out: Path) -> None:
    """A file that was saved just before its process was killed is no stranger's: the next run adopts it."""
    with watched():
        recorded = "UPDATE jobs SET state=?, owner=?, retry=?"
        Process(service, out, at=recorded, dies=True, concurrency=1).start().end()
    assert [path.name for path in out.glob("*.png")] == ["fox.png"]
    assert service.run([line("fox"), line("owl")], out).ok
    assert service.posts == {"fox": 1, "owl": 1}


def test_only_what_the_batch_left_half_written_is_removed(service: Service, out: Path) -> None:
    """Of temporary files, those with the batch's own names go; a user's stay, whatever they are called."""
    assert service.run([line("fox")], out).ok
    ours = [".fox.0123abcd.part", ".results.jsonl.0123abcd.part", ".fox.draft.bin.0123abcd.part"]
    theirs = [".notes.part", ".x.whole", ".notes.0123abcd.part", ".fox.part", ".fox.0123ABCD.part", "fox.0123abcd.part"]
    for name in (*ours, *theirs):
        (out / name).write_text("?")
    service.run([line("fox")], out)
    assert {path.name for path in out.iterdir()} & {*ours, *theirs} == set(theirs)


def test_of_a_shared_folder_only_what_was_abandoned_is_removed(tmp_path: Path) -> None:
    """Where another process may be writing, a temporary file goes only once it is a day old."""
    old, new = tmp_path / ".fox.0123abcd.part", tmp_path / ".fox.456789ab.part"
    for path in (old, new):
        path.write_text("?")
    long_ago = time.time() - ABANDONED - 60
    os.utime(old, (long_ago, long_ago))
    Folder(tmp_path, shared=True).sweep(["fox"])
    assert [*tmp_path.iterdir()] == [new]
    Folder(tmp_path, shared=False).sweep(["fox"])
    assert not [*tmp_path.iterdir()]


def test_a_database_of_another_program_stays_as_it_is(service: Service, out: Path) -> None:
    """A batch.sqlite that is not a batch's record is refused, and not written to."""
    out.mkdir()
    with sqlite3.connect(out / "batch.sqlite") as connection:
        connection.execute("CREATE TABLE mine (a)")
    connection.close()
    with pytest.raises(ConfigurationError, match=r"batch\.sqlite is not a batch's record"):
        service.run([line("fox")], out)
    (out / "batch.sqlite").write_bytes(b"something else entirely" * 100)
    with pytest.raises(OSError, match="not a database"):
        service.run([line("fox")], out)
    assert not service.posts


def test_a_record_of_another_version_stays_as_it_is(service: Service, out: Path) -> None:
    """A record whose tables have other columns is refused, not guessed at."""
    assert service.run([line("fox")], out).ok
    with sqlite3.connect(out / "batch.sqlite") as connection:
        connection.execute("ALTER TABLE jobs ADD COLUMN later TEXT")
    connection.close()
    with pytest.raises(ConfigurationError, match="or that of another version"):
        service.run([line("fox"), line("owl")], out)
    assert service.posts == {"fox": 1}


# Who may look


@posix
@pytest.mark.parametrize("given", [0o755, 0o750])
def test_a_folder_that_exists_keeps_its_mode(service: Service, out: Path, given: int) -> None:
    """The mode of a folder that was there stays, the batch's own files in it are private, and a note says so."""
    out.mkdir(mode=given)
    out.chmod(given)
    report = service.run([line("fox")], out)
    assert mode(out) == given
    assert [note for note in report.notes if str(out) in note]
    own = [path for path in out.rglob("*") if path.is_file()]
    assert len(own) >= 5
    assert {mode(path) for path in own} == {0o600}


@posix
def test_a_folder_that_is_made_is_private(service: Service, out: Path) -> None:
    """A folder that the batch makes is its owner's alone, and there is nothing to say about it."""
    report = service.run([line("fox")], out / "inner")
    assert (mode(out), mode(out / "inner")) == (0o700, 0o700)
    assert report.notes == ()


# Files that are gone


def test_a_picture_that_is_gone_is_fetched_again(service: Service, out: Path) -> None:
    """A done job's file that was deleted is fetched again where the service has it, without another submit."""
    jobs = [line("fox"), line("owl")]
    assert service.run(jobs, out).ok
    content = (out / "fox.png").read_bytes()
    (out / "fox.png").unlink()
    status = look(out)
    assert status is not None
    assert status.missing == ("fox.png",)
    assert status.processes == 0
    assert service.run(jobs, out).ok
    assert (out / "fox.png").read_bytes() == content
    assert service.posts == {"fox": 1, "owl": 1}
    assert service.polls["owl-1"] == 1


@pytest.mark.parametrize("answer", ["Task not found", "Error", "Pending"])
def test_a_picture_that_is_gone_for_good_is_reported(service: Service, out: Path, answer: str) -> None:
    """What the service has no more is named in the report and by `look`, and is not paid for again, asked or not."""
    jobs = [line("fox"), line("owl")]
    assert service.run(jobs, out).ok
    (out / "fox.png").unlink()
    service.on_poll = lambda made, number: service.status(made, answer)
    for retry in (False, True):
        report = service.run(jobs, out, retry_failed=retry)
        assert (report.done, report.missing, report.ok) == (2, 1, False)
        assert report.troubles[0].summary == "line 1, fox: done: its file fox.png is gone"
    status = look(out)
    assert status is not None
    assert status.missing == ("fox.png",)
    assert service.posts == {"fox": 1, "owl": 1}
    assert service.polls["fox-1"] <= 5  # one says whether it can be fetched


def test_a_folder_is_no_picture(service: Service, out: Path) -> None:
    """A folder that stands where a picture was saved does not make up for it: the picture is missing."""
    assert service.run([line("fox")], out).ok
    (out / "fox.png").unlink()
    (out / "fox.png").mkdir()
    status = look(out)
    assert status is not None
    assert status.missing == ("fox.png",)


def test_a_folder_may_be_moved(service: Service, out: Path) -> None:
    """A folder that is moved with its record is the same batch: nothing is missing, and nothing is sent."""
    jobs = [line("fox")]
    assert service.run(jobs, out).ok
    os.rename(out, out.with_name("elsewhere"))
    assert service.run(jobs, out.with_name("elsewhere")).ok
    assert service.posts == {"fox": 1}


def test_names_are_shown_without_control_characters(service: Service, out: Path) -> None:
    """A job's name and what the service says of it cannot steer a terminal."""
    refusal = {"status": "Error", "details": "\x1b[31mred\x07"}
    service.on_poll = lambda made, number: httpx.Response(200, json={"id": made, **refusal})
    report = service.run([{**line("fox"), "name": "fox\x1b[2J\u202eowl\nhare"}], out)
    summary = report.troubles[0].summary
    assert summary.isprintable()
    assert "red" in summary


def test_a_folder_that_cannot_be_made_is_a_configuration_error(service: Service, tmp_path: Path) -> None:
    """A folder for the results that cannot be made is a ConfigurationError that names it, and nothing is sent."""
    (tmp_path / "file").write_text("not a folder")
    for place in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(ConfigurationError, match="cannot be made") as caught:
            service.run([line("fox")], place)
        assert vars(caught.value)["unwritable"]  # the command line has an exit code of its own for it
    assert not service.posts


# One process, and a full disk


def test_a_folder_has_one_batch_at_a_time(tmp_path: Path) -> None:
    """While one process has the folder, another is refused, and told of PostgreSQL; afterwards it is free."""
    one, two = Folder(tmp_path, shared=False), Folder(tmp_path, shared=False)
    with one.sole():
        with pytest.raises(ConfigurationError, match="another bfl batch is running") as caught, two.sole():
            pass
        assert caught.value.remedy.action == "database-url"
    with two.sole():
        pass


def test_a_lock_that_cannot_be_used_is_no_other_batch(tmp_path: Path) -> None:
    """A lock that is damaged is an error of the folder that names it, not a batch that runs."""
    (tmp_path / LOCK).write_bytes(b"something else entirely" * 100)
    with pytest.raises(OSError, match="cannot be written") as caught, Folder(tmp_path, shared=False).sole():
        pass
    assert caught.value.filename == str(tmp_path / LOCK)


def test_one_path_on_two_machines_is_two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another machine saved under the same path is not looked for here; links to one folder are one place."""
    (tmp_path / "out").mkdir()
    here = Folder(tmp_path / "out", shared=True).place
    assert Folder(tmp_path / "out" / ".." / "out", shared=True).place == here
    assert Folder(tmp_path / "other", shared=True).place != here
    monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    assert Folder(tmp_path / "out", shared=True).place != here


def test_a_run_has_its_folder_alone(service: Service, out: Path) -> None:
    """A batch that runs holds the lock of its folder, and has room reserved there for what it pays for."""
    seen: list[object] = []

    def look_around(prompt: str) -> None:
        seen.append((out / RESERVE).stat().st_size)
        try:
            with Folder(out, shared=False).sole():
                seen.append("free")
        except ConfigurationError as error:
            seen.append(error.remedy.action)

    service.on_post = look_around
    assert service.run([line("fox")], out).ok
    assert seen == [1 << 20, "database-url"]


def test_results_that_cannot_be_written_are_reported(
    service: Service, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up at the end costs the results alone: the report says so, and the next run writes them."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "results.jsonl")

    with monkeypatch.context() as patched:
        patched.setattr("bfl_batch.runner.write_results", full)
        report = service.run([line("fox")], out)
    assert (report.done, report.stopped and report.stopped.kind) == (1, "output")
    assert report.stopped and report.stopped.message == "cannot write results.jsonl: No space left on device"
    assert service.run([line("fox")], out).ok
    assert report.results.is_file()


def test_progress_counts_what_this_run_has_ended(service: Service, out: Path) -> None:
    """Of jobs that an earlier run has ended, the progress of this one says that they are done, not that it did them."""
    assert service.run([line("fox")], out).ok
    seen: list[Progress] = []
    assert service.run([line("fox"), line("owl"), line("hare")], out, on_progress=seen.append).ok
    assert (seen[-1].done, seen[-1].ended) == (3, 2)


def test_an_answer_that_the_record_cannot_take_is_kept(tmp_path: Path) -> None:
    """It is private, has the room that was reserved, and is noted once by the next run; other files stay."""
    folder, noted = Folder(tmp_path, shared=False), list[dict[str, Any]]()
    (tmp_path / "answer.json").write_text("my own")
    folder.reserve()
    assert (tmp_path / RESERVE).stat().st_size == 1 << 20
    folder.keep({"job": "fox"})
    assert not (tmp_path / RESERVE).exists()
    (kept,) = tmp_path.glob(".answer.*.json")
    if sys.platform != "win32":
        assert mode(kept) == 0o600
    for _ in range(2):
        folder.kept(noted.append)
    assert noted == [{"job": "fox"}]
    assert [path.name for path in tmp_path.iterdir()] == ["answer.json"]


def test_looking_leaves_nothing(tmp_path: Path) -> None:
    """A folder without a batch has no status, and is as empty afterwards."""
    assert look(tmp_path) is None
    assert not list(tmp_path.iterdir())
