"""The folder of handles: names that cannot collide, and what is removed when."""

from __future__ import annotations

import errno
import json
import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bfl_cli import state
from bfl_cli.screen import Screen
from bfl_client.errors import ConfigurationError
from bfl_client.tasks import Handle

from tests.needs import PICTURE

from .shell import Shell

DAY = 86400.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder."""
    monkeypatch.setattr(state, "folder", lambda: tmp_path)
    return tmp_path


def handle(task_id: str, submitted_at: str | None = None) -> Handle:
    return Handle.from_dict({"id": task_id, "polling_url": "https://api.bfl.ai/x", "submitted_at": submitted_at})


@pytest.mark.parametrize("ids", [("x/y", "x_y"), ("a", "A"), ("x" * 2_000_000, "x" * 2_000_001), ("\0", "é", "")])
def test_ids_do_not_share_a_file(folder: Path, ids: tuple[str, ...]) -> None:
    """Whatever ids a service chooses, each handle is found again, by its id and by the name that bfl prints."""
    kept = [state.Kept(handle(each), folder) for each in ids]
    assert len({each.path for each in kept}) == len(ids)
    for task_id, each in zip(ids, kept, strict=True):
        assert (state.find(task_id) or {})["id"] == (state.find(each.name) or {})["id"] == task_id
        assert re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", each.name)
    assert {each["id"] for each in state.listed()} == set(ids)


@pytest.mark.parametrize(("ids", "named"), [("ab", "xa, xb"), ("abc", "xa, xb, xc"), ("abcd", "xa, xb, xc, …")])
def test_an_ambiguous_beginning_names_three_tasks(folder: Path, ids: str, named: str) -> None:
    """A beginning of several ids is refused with the newest three, and a mark only if there are more."""
    for age, each in enumerate(ids):
        state.Kept(handle(f"x{each}", (datetime.now(UTC) - timedelta(hours=age)).isoformat()), folder)
    with pytest.raises(ConfigurationError) as caught:
        state.meant("x")
    assert str(caught.value) == f"{len(ids)} tasks begin with 'x': {named}"


def test_an_ended_task_is_not_listed_as_unfinished_again(folder: Path) -> None:
    """A task that was saved, and is resumed once more, stays listed once, as saved."""
    state.Kept(handle("a"), folder).ended("saved", Path("fox.jpg"))
    state.Kept(handle("a"), folder)
    (record,) = state.listed()
    assert (record["status"], record["file"]) == ("saved", str(Path.cwd() / "fox.jpg"))
    assert state.find("a") == record, "it is known by its id"
    assert [path.suffix for path in folder.iterdir()] == [".ended"], "nothing else is left"


def test_a_new_task_with_the_id_of_an_ended_one_is_kept(folder: Path) -> None:
    """A task whose id an ended task had before it, at another polling URL, has its handle kept."""
    state.Kept(handle("a"), folder).ended("saved", Path("fox.jpg"))
    again = handle("a")._replace(polling_url="https://api.bfl.ai/y")
    state.Kept(again, folder)
    assert (state.find("a") or {})["polling_url"] == again.polling_url


def test_old_handles_are_removed(shell: Shell) -> None:
    """When a task is kept, unfinished ones of more than 30 days and ended ones of more than 7 are removed."""
    shell.tasks.mkdir(parents=True)
    for name, days in (("a.json", 31), ("b.json", 29), ("c.ended", 8), ("d.ended", 6)):
        path = shell.tasks / name
        path.write_text(json.dumps({"id": path.stem, "submitted_at": "2026-01-01T00:00:00+00:00"}))
        os.utime(path, (then := time.time() - days * DAY, then))
    (shell.tasks / "broken.json").write_text("{")
    (shell.tasks / "folder.json").mkdir()
    (shell.tasks / "notes").write_text("")
    done = shell.run("generate", PICTURE, "x", "--no-wait", "--json")
    assert done.code == 0, done.err
    kept = {path.name for path in shell.tasks.iterdir()}
    assert kept - {path.name for path in shell.handles} == {"d.ended", "notes"}
    assert {"b.json", "broken.json", "folder.json"} <= kept
    assert not {"a.json", "c.ended"} & kept
    listed = shell.run("tasks", "--json")
    assert listed.code == 0, listed.err
    assert {each["id"] for each in listed.json} == {"b", "d", done.json["id"]}
    assert listed.json[0]["id"] == done.json["id"], "the newest comes first"


def test_what_was_paid_stays_with_a_task(folder: Path) -> None:
    """The cost that the submit stated is listed when the end states none, and what the end states replaces it."""
    paid = handle("a")._replace(cost=3.0)
    state.Kept(paid, folder).ended("saved", Path("fox.jpg"))
    assert [each["cost"] for each in state.listed()] == [3.0]
    state.Kept(paid, folder).ended("saved", Path("fox.jpg"), 0.0)
    assert [each["cost"] for each in state.listed()] == [0.0]


def test_a_name_is_a_task_only_if_it_is_one(folder: Path) -> None:
    """No word but `last` stands for the newest task: neither an empty one nor an id that was never kept."""
    state.Kept(handle("a"), folder)
    assert [state.meant(each) for each in ("", "unknown", "latest")] == [None] * 3
    assert (state.meant("last") or {})["id"] == "a"
    (folder.parent / "other.json").write_text('{"id": "other"}')
    assert [state.find(each) for each in ("../other", "", "unknown")] == [None] * 3


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"[" * 100_000, b"[]", b"{}", b'{"id": 1}', b'{"id": null}'])
def test_what_is_no_handle_is_refused(content: bytes) -> None:
    """A file that holds anything but an object with the text of an id is named, and said to be no handle."""
    with pytest.raises(ConfigurationError, match=r"fox\.json does not contain a task handle"):
        state.parse(content, "fox.json")


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_handle_moves_on_when_its_disk_fills_up(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A state folder whose disk filled up since the check loses no handle: it goes beside the result, for its owner."""
    beside = tmp_path_factory.mktemp("result")
    write = state._write
    monkeypatch.setattr(state, "_write", lambda path, record: (full if path.parent == folder else write)(path, record))
    kept = state.Keeper(Screen(), beside).keep(handle("a"))
    assert kept is not None
    assert (kept.path.parent, kept.name) == (beside, str(kept.path))
    assert kept.path.name.startswith("bfl-task-")
    assert [*beside.iterdir()] == [kept.path]
    assert state.read(Path(kept.name))["id"] == "a"
    kept.ended("saved", beside / "fox.jpg")
    assert [*beside.iterdir(), *folder.iterdir()] == []


def test_an_end_that_cannot_be_written_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task whose picture is saved has ended, also where the disk is too full to record that."""
    kept = state.Kept(handle("a"), folder)
    monkeypatch.setattr(state, "_write", full)
    kept.ended("saved", Path("fox.jpg"))
    assert [*folder.iterdir()] == []


def test_no_handle_can_be_kept_without_a_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state folder without an absolute path, as without a home, is none; nothing is made in the current folder."""
    with pytest.raises(OSError, match="no home folder"):
        state.ready(Path("bfl-state"))
    assert not Path("bfl-state").exists()


def aged(path: Path, mtime: float) -> None:
    os.utime(path, (mtime, mtime))


def test_a_handle_of_1970_is_not_removed(folder: Path) -> None:
    """A handle written while the clock stood at 1970 is kept for its 30 days from when the clock was right."""
    path = state.Kept(handle("a", "1970-01-01T00:00:05+00:00"), folder).path
    aged(path, 5.0)
    state.prune()
    assert time.time() - path.stat().st_mtime < DAY, "its days are counted from now on"
    aged(path, then := time.time() - 29 * DAY)
    state.prune()
    assert abs(path.stat().st_mtime - then) < 1, "and counted once"
    aged(path, time.time() - 31 * DAY)
    state.prune()
    assert not path.exists()


@pytest.mark.parametrize("mtime", [-1e10, -1000 * DAY, 1000 * DAY])
def test_a_recent_submit_outweighs_the_time_of_the_file(folder: Path, mtime: float) -> None:
    """A handle is not older than its submit, whatever the file system says, and the other way round."""
    recent = state.Kept(handle("a", (datetime.now(UTC) - timedelta(days=1)).isoformat()), folder).path
    aged(recent, max(time.time() + mtime, 0.0))
    touched = state.Kept(handle("b", "2025-06-01T00:00:00+00:00"), folder).path
    state.prune()
    assert (recent.exists(), touched.exists()) == (True, True)


def test_a_clock_that_falls_back_removes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the clock stands at 1970 again, and after it is right, a handle of today is kept."""
    path = state.Kept(handle("a"), folder).path
    now = time.time()
    aged(path, now - DAY)
    monkeypatch.setattr(time, "time", lambda: 100.0)
    state.prune()
    assert abs(path.stat().st_mtime - (now - DAY)) < 1, "a clock that is wrong counts nothing anew"
    monkeypatch.setattr(time, "time", lambda: now + 29 * DAY)
    state.prune()
    assert path.exists()


def test_what_a_server_chose_is_printed_without_control_characters(shell: Shell) -> None:
    """Ids, statuses and reasons that would move the cursor or turn the text are printed without those characters."""
    assert shell.emulator is not None
    nasty = "\x1b[2J\x9b1m\r\u202egnp.exe\u2066"
    shell.tasks.mkdir(parents=True)
    record = {"id": nasty, "endpoint": nasty, "status": nasty, "file": nasty, "submitted_at": nasty}
    (shell.tasks / "a.json").write_text(json.dumps(record))
    shell.emulator.script({"fault": "answer", "operation": "submit", "status": 403, "body": {"detail": nasty}})
    (shell.here / "task.json").write_text(json.dumps({"id": nasty, "polling_url": "https://elsewhere.example/"}))
    outputs: list[Any] = [
        shell.run("tasks"),
        shell.run("generate", PICTURE, "a fox", "--debug"),
        shell.run("task", "task.json"),
        shell.run("task", f"{nasty} unknown"),
    ]
    for done in outputs:
        assert not set("\x1b\x9b\r\u202e\u2066") & set(done.out + done.err), done
    assert [done.code for done in outputs] == [0, 5, 10, 4]
