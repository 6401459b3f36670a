"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import sys
import threading
import tracemalloc
from pathlib import Path

import pytest
from bfl_client import files, formats

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes of files mean nothing there")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("replace", [True, False])
def test_a_file_takes_its_place_at_the_end(tmp_path: Path, replace: bool) -> None:
    """While it is written only its part is there, by whose name others know it; at the end only the file."""
    with files.Whole(tmp_path / "fox.png", replace=replace) as whole:
        whole.file.write(b"all of it")
        (part,) = names(tmp_path)
        assert re.fullmatch(r"\.fox\.png\.[0-9a-f]{8}\.part", part)
    assert names(tmp_path) == ["fox.png"]
    assert (tmp_path / "fox.png").read_bytes() == b"all of it"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("replace", [True, False])
def test_an_exception_leaves_no_trace(tmp_path: Path, error: type[BaseException], replace: bool) -> None:
    """What is raised within leaves as it is; nothing is left of the part, and another file is as it was."""
    (tmp_path / "other.png").write_bytes(b"precious")
    if replace:
        (tmp_path / "fox.png").write_bytes(b"precious")
    before = names(tmp_path)
    with pytest.raises(error), files.Whole(tmp_path / "fox.png", replace=replace) as whole:
        whole.file.write(b"half")
        raise error
    assert names(tmp_path) == before
    assert {(tmp_path / name).read_bytes() for name in before} == {b"precious"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count a name's length in other units")
def test_a_name_as_long_as_it_may_be_can_be_written(tmp_path: Path) -> None:
    """A name as long as the system allows can be saved: the name of its part is not longer."""
    name = "\N{FOX FACE}" * 62 + ".png"
    files.write(tmp_path / name, b"fox")
    assert names(tmp_path) == [name]


def test_a_taken_name_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    """With replace=False an existing file is a FileExistsError at the beginning, and stays as it was."""
    (tmp_path / "fox.png").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        files.write(tmp_path / "fox.png", b"new", replace=False)
    assert names(tmp_path) == ["fox.png"]
    assert (tmp_path / "fox.png").read_bytes() == b"precious"


@pytest.mark.parametrize("linked", [True, False])
def test_a_name_that_is_taken_meanwhile_is_kept(tmp_path: Path, linked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With replace=False a file that appears while another is written is a FileExistsError, and stays as it was."""
    if not linked:
        monkeypatch.setattr(os, "link", _no_links)
    with pytest.raises(FileExistsError) as caught, files.Whole(tmp_path / "fox.png", replace=False) as whole:
        whole.file.write(b"new")
        (tmp_path / "fox.png").write_bytes(b"precious")
    if linked:
        assert caught.value.filename == str(tmp_path / "fox.png"), "not the file that was to become it"
    assert names(tmp_path) == ["fox.png"]
    assert (tmp_path / "fox.png").read_bytes() == b"precious"


def test_without_links_a_file_takes_its_place_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system without links, replace=False still writes the file."""
    monkeypatch.setattr(os, "link", _no_links)
    files.write(tmp_path / "fox.png", b"all of it", replace=False)
    assert names(tmp_path) == ["fox.png"]
    assert (tmp_path / "fox.png").read_bytes() == b"all of it"


def test_without_links_a_failure_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither a link nor a move is possible, no empty file is left under the name, which can be tried again."""
    monkeypatch.setattr(os, "link", _no_links)
    with monkeypatch.context() as patched, pytest.raises(PermissionError):
        patched.setattr(os, "replace", _no_links)
        files.write(tmp_path / "fox.png", b"all of it", replace=False)
    assert names(tmp_path) == []
    assert files.write(tmp_path / "fox.png", b"all of it", replace=False).read_bytes() == b"all of it"


def _no_links(*_: object) -> None:
    raise OSError(errno.EPERM, "no links here")


def test_of_many_that_want_one_name_one_gets_it(tmp_path: Path) -> None:
    """Eight writers at once with replace=False: one file is there, whole, and the others are refused."""
    together, written = threading.Barrier(8), list[int]()

    def write(number: int) -> None:
        try:
            with files.Whole(tmp_path / "fox.png", replace=False) as whole:
                whole.file.write(str(number).encode() * 1000)
                together.wait(30)
            written.append(number)
        except FileExistsError:
            return

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = written
    assert names(tmp_path) == ["fox.png"]
    assert (tmp_path / "fox.png").read_bytes() == str(winner).encode() * 1000


def test_the_name_may_be_settled_at_the_end(tmp_path: Path) -> None:
    """The path may change until the end, when the extension is known, and what is taken then is kept."""
    with files.Whole(tmp_path / "fox") as whole:
        whole.file.write(b"picture")
        whole.path = tmp_path / "fox.png"
    assert names(tmp_path) == ["fox.png"]
    with pytest.raises(FileExistsError), files.Whole(tmp_path / "fox", replace=False) as whole:
        whole.path = tmp_path / "fox.png"
    assert (tmp_path / "fox.png").read_bytes() == b"picture"


def test_a_place_that_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, and a place in a missing folder, are OSErrors, and nothing is written."""
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "missing" / "fox.png"):
        with pytest.raises(OSError):
            files.write(path, b"new")
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("size", [10, 100_000])
def test_a_disk_that_is_full_at_the_end_leaves_no_trace(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that shows only when the file is put on the disk is raised, and nothing is left."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "fox.png").write_bytes(b"precious")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), files.Whole(tmp_path / "fox.png") as whole:
        whole.file.write(b"x" * size)
    assert whole.file.closed
    assert names(tmp_path) == ["fox.png"]
    assert (tmp_path / "fox.png").read_bytes() == b"precious"


@POSIX
def test_private_means_for_the_owner_only(tmp_path: Path) -> None:
    """A private file is made with mode 0600, before anything stands in it; another as the umask says."""
    with files.Whole(tmp_path / "key", private=True) as whole:
        assert os.fstat(whole.file.fileno()).st_mode & 0o777 == 0o600
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    umask = os.umask(0o027)
    try:
        files.write(tmp_path / "fox.png", b"picture")
    finally:
        os.umask(umask)
    assert (tmp_path / "fox.png").stat().st_mode & 0o777 == 0o640


@POSIX
def test_a_private_folder_is_made_so_and_left_so(tmp_path: Path) -> None:
    """private_folder makes what is missing with mode 0700, parents too, and does not touch what is there."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    for _ in range(2):
        files.private_folder(tmp_path / "open" / "one" / "two")
    modes = [path.stat().st_mode & 0o777 for path in (tmp_path / "open", *sorted((tmp_path / "open").rglob("*")))]
    assert modes == [0o755, 0o700, 0o700]


@pytest.mark.parametrize(
    ("head", "declared", "extension"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1", "image/png", ".jpg"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/jpeg", ".png"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "", ".webp"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "", ".bin"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", "", ".mp4"),
        (b"\x1a\x45\xdf\xa3\1\0\0\0\0\0\0\x1f\x42\x86\x81\1", "", ".webm"),
        (b"something else  ", "image/jpeg; charset=x", ".jpg"),
        (b"something else  ", "VIDEO/MP4", ".mp4"),
        (b"something else  ", "image/png", ".png"),
        (b"something else  ", "image/webp", ".webp"),
        (b"something else  ", "application/octet-stream", ".bin"),
        (b"", "", ".bin"),
    ],
)
def test_an_extension_is_that_of_the_content(head: bytes, declared: str, extension: str) -> None:
    """The first bytes decide, then the declared type; what neither knows is .bin."""
    assert formats.extension(head, declared) == extension


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("task-1_A", "task-1_A"),
        ("../../etc/passwd", "______etc_passwd"),
        ("a b\0c:ü", "a_b_c__"),
        ("x" * 300, "x" * 80),
        ("", "result"),
    ],
)
def test_a_stem_is_a_plain_name(name: str, stem: str) -> None:
    """Whatever an id is, its stem has letters, digits, - and _ only, 80 at most, and at least one."""
    assert files.stem(name) == stem


@pytest.mark.parametrize("most", [0, 1, 99_999, 100_000, 2**30])
def test_a_bound_takes_no_memory(most: int, tmp_path: Path) -> None:
    """Of a file its first bytes are read, no more than the bound, and however large that is, little memory is taken."""
    content = bytes(range(250)) * 400
    (tmp_path / "fox").write_bytes(content)
    tracemalloc.start()
    try:
        with (tmp_path / "fox").open("rb") as file:
            assert files.first(file, most) == content[:most]
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
