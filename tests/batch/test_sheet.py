"""The contact sheet as a file; what a browser makes of it is tested in test_browser."""

from __future__ import annotations

import base64
import io
import math
import os
import re
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from bfl_batch.reports import Record
from bfl_batch.sheet import LONGEST, write_sheet
from bfl_batch.thumbnails import EDGE, thumbnail
from PIL import Image

from .sheets import HOSTILE, hostile, picture, record


class Page(HTMLParser):
    """Elements of a page with their attributes and texts, in order."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str, **having: str) -> list[dict[str, str]]:
        return [a for t, a in self.elements if t == tag and all(a.get(k.rstrip("_")) == v for k, v in having.items())]


def sheet(folder: Path, *records: Record) -> Page:
    return Page(write_sheet(folder, iter(records), title="jobs.jsonl"))


def test_a_job_is_told_in_full(tmp_path: Path) -> None:
    """A card has the job's name, prompt, endpoint, cost, seed, time, parameters and id, and links its picture."""
    picture(tmp_path / "fox.png")
    page = sheet(tmp_path, record(7, path="fox.png"))
    shown = {text.strip() for text in page.texts}
    assert {"job 7", "a fox, number 7", "some-endpoint", "3 credits", "seed 47", "6.2 s", "1024", "id-7"} <= shown
    assert page.all("a", class_="picture")[0]["href"] == "./fox.png"
    (image,) = page.all("img")
    assert image["alt"] == "a fox, number 7"
    with Image.open(io.BytesIO(base64.b64decode(image["src"].removeprefix("data:image/webp;base64,")))) as small:
        assert small.size == (EDGE, EDGE * 480 // 640)


def test_failures_tell_their_reasons_and_uncertain_jobs_what_to_do(tmp_path: Path) -> None:
    """A failed card has its reason, an uncertain one also the option that submits it again."""
    failed = record(1, state="failed", error="Content Moderated: Likeness")
    uncertain = record(2, state="uncertain", error="no answer", task_id=None, cost=None)
    page = sheet(tmp_path, failed, uncertain)
    assert "Content Moderated: Likeness" in page.texts
    assert any("--on-uncertain resubmit" in text for text in page.texts)
    assert [card["data-state"] for card in page.all("li")] == ["failed", "uncertain"]


def test_totals_count_states_and_credits(tmp_path: Path) -> None:
    """The totals give the number of jobs, of each state, and the credits, with how many answers stated theirs."""
    states = ["done"] * 3 + ["failed", "uncertain", "waiting", "submitted"]
    records = [record(n, state=s, cost=None if n == 0 else 2.55) for n, s in enumerate(states)]
    text = re.sub(r"\s+", " ", "".join(sheet(tmp_path, *records).texts))
    assert "7 jobs 15.3 credits known for 6 of 7" in text
    assert "All 7 Done 3 Failed 1 Uncertain 1 Submitted 1 Waiting 1" in text


def test_a_cost_that_is_no_number_is_left_out_of_the_total(tmp_path: Path) -> None:
    """What a service states as a cost may be anything: an infinite one does not make the total infinite."""
    records = [record(number, cost=cost) for number, cost in enumerate((2.5, math.inf, math.nan))]
    text = re.sub(r"\s+", " ", "".join(sheet(tmp_path, *records).texts))
    assert "3 jobs 2.5 credits known for 1 of 3" in text


def test_an_empty_batch_has_a_sheet(tmp_path: Path) -> None:
    """No records make a page that says so."""
    assert "0 jobs" in sheet(tmp_path).texts


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:24]))
def test_hostile_texts_add_no_element_and_no_attribute(text: str, tmp_path: Path) -> None:
    """Whatever stands in a record's texts, the page has the elements and attributes that a tame record gives it."""

    def shape(page: Page) -> list[Any]:
        return [(tag, sorted(attributes)) for tag, attributes in page.elements]

    tame, wild = tmp_path / "tame", tmp_path / "wild"
    for folder in (tame, wild):
        picture(folder / "a.png")
    page = Page(write_sheet(wild, [hostile(1, text, "a.png"), hostile(2, text, None)], title=text))
    assert shape(page) == shape(
        Page(write_sheet(tame, [hostile(n, "tame", p) for n, p in ((1, "a.png"), (2, None))], title="t"))
    )
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "".join(page.texts))


def test_a_very_long_text_is_cut(tmp_path: Path) -> None:
    """Of a prompt of a million characters the sheet shows the beginning and says how much is left."""
    page = sheet(tmp_path, record(inputs={"prompt": "x" * 1_000_000}))
    assert any("(988000 more characters in results.jsonl)" in text for text in page.texts)
    assert (tmp_path / "index.html").stat().st_size < 60_000


def test_the_policy_allows_nothing_from_outside(tmp_path: Path) -> None:
    """The policy starts from 'none', allows data: pictures and hashes, and no unsafe word; the page names no host."""
    page = sheet(tmp_path, record())
    (policy,) = [m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and rules["img-src"] == "data:"
    assert rules["script-src"].startswith("'sha256-") and rules["style-src"].startswith("'sha256-")
    assert not re.search("unsafe|https?:", policy)
    assert "://" not in (tmp_path / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "100%.png",
        "a#b.png",
        "what?.png",
        'it\'s "quoted".png',
        "Füchse 雪.png",
        "a&amp;b.png",
        "a b/c d.png",
        "%41.png",
        "javascript:alert(1).png",
        "+.png",
    ],
)
def test_any_file_name_is_linked(name: str, tmp_path: Path) -> None:
    """A link leads to the very file, whatever characters are in its name."""
    picture(tmp_path / name)
    (link,) = sheet(tmp_path, record(path=name)).all("a", class_="picture")
    assert re.fullmatch(r"\./[A-Za-z0-9%._~/-]+", link["href"])
    assert unquote(link["href"]) == f"./{name}"


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../secret.png", "//evil.invalid/a.png", "a\0b.png", "\ud800.png", "none.png"]
)
def test_paths_that_lead_nowhere_or_elsewhere_are_not_linked(path: str, tmp_path: Path) -> None:
    """A path outside the folder, an impossible one and a missing file give a card without a link or a picture."""
    folder = tmp_path / "batch"
    folder.mkdir()
    picture(tmp_path / "secret.png")
    page = sheet(folder, record(path=path))
    assert len(page.all("li")) == 1 and not page.all("a", class_="picture") and not page.all("img")


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def hostile_files(folder: Path) -> Iterator[str]:
    whole = picture(folder / "whole.png", size=(300, 300)).read_bytes()
    contents = {
        "empty.png": b"",
        "cut.png": whole[: len(whole) // 2],
        "text.png": b"<html><script>1</script>",
        "bomb.png": png_that_claims(60_000, 60_000),
        "large.png": png_that_claims(12_000, 9_000),
        "lie.png": png_that_claims(2_000, 2_000),
        "film.mp4": b"\0\0\0\x18ftypisom" + bytes(400),
        "other.gif": b"GIF89a" + bytes(100),
        "vector.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        yield name
    if sys.platform != "win32":
        os.mkfifo(folder / "pipe.png")
        yield "pipe.png"
    (folder / "folder.png").mkdir()
    (folder / "outside.png").symlink_to(picture(folder.parent / "outside.png"))
    (folder / "circle.png").symlink_to("circle.png")
    yield from ("folder.png", "outside.png", "circle.png")


def test_no_file_costs_the_sheet(tmp_path: Path) -> None:
    """Damaged, lying, enormous and odd files, a pipe and a circle of links each become a plain tile, within seconds."""
    folder = tmp_path / "batch"
    records = [record(number, path=name) for number, name in enumerate(hostile_files(folder))]
    begun = time.monotonic()
    page = sheet(folder, *records, record(99, path="whole.png"))
    assert len(page.all("li")) == len(records) + 1 and len(page.all("img")) == 1
    assert time.monotonic() - begun < 20


def test_an_enormous_picture_is_not_decoded(tmp_path: Path) -> None:
    """A sound picture of more pixels than the bound, below what Pillow itself refuses, has no thumbnail."""
    Image.new("1", (9_000, 8_000)).save(tmp_path / "large.png")
    assert thumbnail(tmp_path, "large.png") == ("unreadable", None)
    assert not (tmp_path / ".thumbnails").exists()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_every_mode_has_a_thumbnail(mode: str, tmp_path: Path) -> None:
    """A picture of any mode that PNG or JPEG knows has a thumbnail."""
    name = "a.jpg" if mode == "CMYK" else "a.png"
    Image.new(mode, (400, 300)).save(tmp_path / name)
    assert thumbnail(tmp_path, name).webp


def test_what_is_transparent_stays_so_in_its_thumbnail(tmp_path: Path) -> None:
    """A cut-out is shown on the page's own ground, not on a black one; a picture without transparency has none."""
    for name, mode in (("cut.png", "RGBA"), ("whole.png", "RGB")):
        Image.new(mode, (400, 300)).save(tmp_path / name)
        webp = thumbnail(tmp_path, name).webp
        assert webp
        with Image.open(io.BytesIO(webp)) as shown:
            assert shown.mode == mode


def test_thumbnails_are_kept(tmp_path: Path) -> None:
    """A second sheet decodes no picture again, and a picture that has changed gets a new thumbnail."""
    file = picture(tmp_path / "a.png")
    first, status = thumbnail(tmp_path, "a.png"), file.stat()
    file.write_bytes(bytes(status.st_size))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert thumbnail(tmp_path, "a.png") == first
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))
    assert thumbnail(tmp_path, "a.png") == ("unreadable", None)
    picture(file, colour="red", size=(100, 100))
    second = thumbnail(tmp_path, "a.png")
    assert second.webp and second != first
    (kept,) = [path for path in (tmp_path / ".thumbnails").iterdir() if path.read_bytes() == second.webp]
    for broken in (b"", b"half of something"):
        kept.write_bytes(broken)
        assert thumbnail(tmp_path, "a.png") == second


def test_a_thumbnail_that_cannot_be_kept_is_shown(tmp_path: Path) -> None:
    """Where `.thumbnails` cannot be a folder, pictures are shown all the same."""
    (tmp_path / ".thumbnails").touch()
    picture(tmp_path / "a.png")
    assert len(sheet(tmp_path, record(path="a.png")).all("img")) == 1


def film(path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height = 320, 240
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (320, 240), "orange"))))
        container.mux(stream.encode())


def test_a_film_has_a_poster(tmp_path: Path) -> None:
    """With PyAV a video's card shows its first frame and that it is a video."""
    film(tmp_path / "a.mp4")
    page = sheet(tmp_path, record(path="a.mp4"))
    (image,) = page.all("img")
    with Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2]))) as poster:
        red, green, blue = poster.convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
        assert red > 200 and 120 < green < 200 and blue < 60
    assert page.all("span", class_="film")


def test_a_film_without_pyav_is_a_plain_tile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyAV a video's card says that it is one, and links it."""
    film(tmp_path / "a.mp4")
    monkeypatch.setitem(sys.modules, "av", None)
    page = sheet(tmp_path, record(path="a.mp4"))
    assert not page.all("img") and "Video" in page.texts and page.all("a", class_="picture", href="./a.mp4")


def test_a_failure_leaves_the_old_sheet(tmp_path: Path) -> None:
    """If the records end in an error, the page is what it was, and nothing is left beside it."""

    def broken() -> Iterator[Record]:
        yield record(1)
        raise RuntimeError("the database is gone")

    before = write_sheet(tmp_path, [record()], title="jobs").read_bytes()
    with pytest.raises(RuntimeError, match="gone"):
        write_sheet(tmp_path, broken(), title="jobs")
    assert (tmp_path / "index.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_the_same_records_make_the_same_sheet(tmp_path: Path) -> None:
    """Writing a sheet again changes no byte."""
    picture(tmp_path / "a.png")
    before = write_sheet(tmp_path, [record(path="a.png")], title="jobs").read_bytes()
    assert write_sheet(tmp_path, [record(path="a.png")], title="jobs").read_bytes() == before


MEASURED = """
import sys, tracemalloc
from pathlib import Path
from bfl_batch.sheet import write_sheet
from tests.batch.sheets import picture, record

folder = Path(sys.argv[1])
picture(folder / "a.png")
write_sheet(folder, [record(1, path="a.png")], title="imports what is needed once")
records = (record(n, path="a.png", inputs={"prompt": "x" * 9_000}) for n in range(1_200))
tracemalloc.start()
size = write_sheet(folder, records, title="jobs").stat().st_size
print(size, tracemalloc.get_traced_memory()[1])
"""


def test_memory_does_not_grow_with_the_jobs(tmp_path: Path) -> None:
    """A page of more than 10 MB is written within 3 MB of memory, in a process that does nothing else."""
    here = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, tmp_path], cwd=here, capture_output=True, text=True, check=True
    )
    size, most = map(int, done.stdout.split())
    assert size > 10_000_000
    assert most < 3_000_000


def test_a_picture_of_one_pixel_has_a_thumbnail(tmp_path: Path) -> None:
    """The smallest picture is shown, too."""
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    assert thumbnail(tmp_path, "dot.png").webp


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (59.95, "1 min 0 s"), (61.4, "1 min 1 s"), (119.5, "2 min 0 s"), (-1, "-1 s")],
)
def test_seconds_become_minutes(seconds: float, said: str, tmp_path: Path) -> None:
    """From the first number that would be rounded to a minute on, minutes are said."""
    assert said in {text.strip() for text in sheet(tmp_path, record(seconds=seconds)).texts}


def test_a_text_is_cut_only_if_it_is_longer(tmp_path: Path) -> None:
    """A text of the greatest length is shown whole, and one more character is counted."""
    for more, end in ((0, "y"), (1, " … (1 more characters in results.jsonl)")):
        page = sheet(tmp_path, record(name="x" * (LONGEST + more - 1) + "y"))
        assert "x" * (LONGEST - 1 + more) + end in {text.strip() for text in page.texts}


def test_times_are_said_with_their_zone(tmp_path: Path) -> None:
    """A card says when its job was submitted, and when it ended, to the second and in UTC."""
    times: dict[str, Any] = {
        "submitted_at": "2026-11-22T20:14:03.123+00:00",
        "finished_at": "2026-11-22T20:14:09.987+00:00",
    }
    shown = {text.strip() for text in sheet(tmp_path, record(**times)).texts}
    assert {"2026-11-22 20:14:03 UTC", "2026-11-22 20:14:09 UTC"} <= shown


def test_a_large_batch_stays_in_its_order(tmp_path: Path) -> None:
    """However many cards there are, and whichever have pictures, each has its own picture, in the order of the jobs."""
    for number in range(0, 120, 5):
        picture(tmp_path / f"{number}.png", size=(number + 8, 8))
    page = sheet(tmp_path, *(record(n, path=None if n % 5 else f"{n}.png") for n in range(120)))
    assert [card["id"] for card in page.all("li")] == [f"job-{number}" for number in range(120)]
    links = [link["href"] for link in page.all("a", class_="picture")]
    assert links == [f"./{number}.png" for number in range(0, 120, 5)]
    widths = []
    for image in page.all("img"):
        with Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2]))) as small:
            widths.append(small.width)
    assert widths == [number + 8 for number in range(0, 120, 5)]


@pytest.mark.skipif(os.name != "posix", reason="there are no such modes elsewhere")
def test_thumbnails_are_their_owners_alone(tmp_path: Path) -> None:
    """Kept thumbnails show what was asked for: nobody else may read them, nor their folder."""
    picture(tmp_path / "a.png")
    assert thumbnail(tmp_path, "a.png").webp
    kept = [tmp_path / ".thumbnails", *(tmp_path / ".thumbnails").iterdir()]
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o700, 0o600]


def test_endpoints_are_offered_once_and_in_order(tmp_path: Path) -> None:
    """Among the endpoints of its jobs the page lets people choose, each once, in the order of their names."""
    names = ["flux-9", "a-film", "kontext", "flux-10", "upscale", "erase", "flux-9", "vto"]
    page = sheet(tmp_path, *(record(number, endpoint=name) for number, name in enumerate(names)))
    offered = [text for text in page.texts if text in names]
    assert offered[: len(set(names))] == sorted(set(names))


@pytest.mark.parametrize("odd", ["GIF", "BMP", "TIFF", "ICO"])
def test_a_format_that_no_endpoint_makes_is_not_decoded(odd: str, tmp_path: Path) -> None:
    """A file in another format than PNG, JPEG and WebP, whatever its name, is a plain tile: it is not decoded."""
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png", odd)
    assert thumbnail(tmp_path, "a.png") == ("unreadable", None)
