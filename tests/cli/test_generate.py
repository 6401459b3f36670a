"""bfl generate: from a command line to a file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bfl_cli.output import STDOUT, Destination
from bfl_cli.progress import TaskLine
from bfl_cli.screen import Screen
from bfl_cli.tasks import Follower
from bfl_client import Client
from bfl_client.answers import Update
from bfl_client.errors import TransportError
from bfl_client.specification import ENDPOINTS, FORMAT, formats, parameters, price, prices
from PIL import Image

from tests.needs import EDITING, PICTURE

from .shell import Shell


def test_the_main_job_makes_a_picture(lonely_shell: Shell) -> None:
    """One command makes a picture of the asked size in an empty folder, without a key, and says its path and cost."""
    size = ["-p", "width=320", "-p", "height=256", "-p", "output_format=png"]
    done = lonely_shell.run("generate", PICTURE, "a fox", *size, "-o", "fox.png", "--emulator")
    assert done.code == 0, done.err
    assert re.fullmatch(r"fox\.png  task [0-9a-f-]{36}  cost .*\n", done.out)
    assert "Pending" in done.err
    with Image.open(lonely_shell.here / "fox.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (320, 256))
    assert lonely_shell.files == ["fox.png"]
    assert not lonely_shell.tasks.exists()  # it ended with its emulator


@pytest.mark.parametrize(
    ("arguments", "code", "shown"),
    [
        (["-p", "width=1"], 3, ["width: must be an integer from ", "(got 1)"]),
        pytest.param(
            ["-p", "widht=512", "-p", "steps=99", "-p", "image_prompt=@no.png"],
            3,
            ["'width'", "1 to 50", "no.png"],
            marks=pytest.mark.about("flux-dev:steps"),
        ),
        (["-p", "image_prompt=cat.png"], 3, ["@cat.png"]),
        (["-p", "width"], 2, ["KEY=VALUE"]),
        (["-p", "prompt=again"], 2, ["given twice"]),
        (["--json", "gone.json"], 2, ["there is no file gone.json"]),
        (["--body", "exists.png"], 3, ["not JSON"]),
        (["-o", "missing/fox.png"], 11, ["there is no folder missing"]),
        (["-o", "missing/"], 11, ["there is no folder missing"]),
        (["-o", "exists.png"], 11, ["--force"]),
        (["--emulator", "--no-wait"], 2, ["--no-wait"]),
        (["--timeout", "0"], 2, ["above 0"]),
        (["--timeout", "-1"], 2, ["above 0"]),
        (["--timeout", "nan"], 2, ["above 0"]),
        (["--timeout", "inf"], 2, ["above 0"]),
        (["-p", "=512"], 2, ["KEY=VALUE"]),
        (["-o", "exists.png/fox.png"], 11, ["exists.png"]),
        (["--json", "-o", "-"], 2, ["redirect"]),
    ],
)
def test_what_is_refused_is_refused_before_it_is_sent(
    shell: Shell, arguments: list[str], code: int, shown: list[str]
) -> None:
    """A mistake on the command line is named with its remedy, all of them at once, and nothing reaches the service."""
    assert shell.emulator is not None
    before = len(shell.emulator.tasks)
    (shell.here / "exists.png").write_bytes(b"precious")
    done = shell.run("generate", PICTURE, "a fox", *arguments)
    assert done.code == code, done.err
    assert all(each in done.err for each in shown), done.err
    assert len(shell.emulator.tasks) == before
    assert (shell.here / "exists.png").read_bytes() == b"precious"


def test_a_mistake_is_reported_before_a_missing_key(lonely_shell: Shell) -> None:
    """A request that would be refused is refused without a key, too."""
    assert lonely_shell.run("generate", EDITING).code == 3
    assert lonely_shell.run("generate", EDITING, "a fox").code == 4


def test_an_unknown_endpoint_is_refused_with_the_nearest_name(shell: Shell) -> None:
    """A name that no endpoint has is refused here, with the nearest one; --no-validate leaves it to the service."""
    done = shell.run("generate", f"{PICTURE}v", "a fox", "--json")
    assert done.code == 3
    assert f"did you mean '{PICTURE}'" in done.json["error"]["message"]
    assert shell.run("generate", "flux-none", "a fox", "--no-validate").code == 8


@pytest.mark.about("flux-dev:guidance")
def test_parameters_are_typed_by_the_specification(shell: Shell) -> None:
    """Numbers, booleans and files arrive as such, and a number stays a text where the parameter is one."""
    Image.new("RGB", (64, 64)).save(shell.here / "cat.png")
    given = ["-p", "width=512", "-p", "prompt_upsampling=true", "-p", "guidance=2.5", "-p", "user=1234"]
    done = shell.run("generate", PICTURE, "42", *given, "-p", "image_prompt=@cat.png", "-o", "-")
    assert done.code == 0, done.err
    assert done.out.startswith("\udcff\udcd8")  # a JPEG, on standard output
    body = _last_body(shell)
    assert (body["prompt"], body["width"], body["prompt_upsampling"], body["guidance"]) == ("42", 512, True, 2.5)
    assert body["user"] == "1234"
    assert body["image_prompt"].startswith("iVBOR")


@pytest.mark.about(f"{EDITING}:seed")
def test_a_body_comes_from_a_file_and_pairs_go_before_it(shell: Shell) -> None:
    """--json FILE sends the file's body, in which "@file" names a picture and -p changes a value; it prints JSON."""
    Image.new("RGB", (300, 300)).save(shell.here / "cat.png")
    (shell.here / "body.json").write_text(json.dumps({"prompt": "a fox", "input_image": "@cat.png", "seed": 1}))
    done = shell.run("generate", EDITING, "--json", "body.json", "-p", "seed=7", "-o", "a.jpg")
    assert done.code == 0, done.err
    assert (done.json["file"], done.json["seed"], done.json["kind"]) == ("a.jpg", 7, "image")
    assert (done.json["endpoint"], done.json["prompt"]) == (EDITING, "a fox")
    body = _last_body(shell)
    assert (body["prompt"], body["seed"]) == ("a fox", 7)
    assert body["input_image"].startswith("iVBOR")


def test_standard_input_is_a_body_or_a_picture(shell: Shell) -> None:
    """`--json -` reads the body and `-p NAME=-` a picture from standard input, which can be used once."""
    Image.new("RGB", (300, 300)).save(shell.here / "cat.png")
    picture = (shell.here / "cat.png").read_bytes()
    done = shell.run("generate", PICTURE, "--json", "-", "-o", "a.jpg", stdin=b'{"prompt": "from a pipe"}')
    assert (done.code, _last_body(shell)["prompt"]) == (0, "from a pipe"), done.err
    done = shell.run("generate", EDITING, "x", "-p", "input_image=-", "-o", "b.jpg", stdin=picture)
    assert done.code == 0, done.err
    assert _last_body(shell)["input_image"].startswith("iVBOR")
    twice = shell.run("generate", EDITING, "x", "-p", "input_image=-", "-p", "input_image_2=-", stdin=picture)
    assert (twice.code, "once" in twice.err) == (2, True)


def test_a_file_is_named_after_endpoint_and_id(shell: Shell) -> None:
    """Without -o the file is named after endpoint and id, its extension after the content; -o FOLDER puts it there."""
    (shell.here / "pictures").mkdir()
    first = shell.run("generate", PICTURE, "a fox", "--json", "--quiet").json
    assert first["file"] == f"{PICTURE.replace('.', '_')}-{first['id']}.jpg"
    done = shell.run("generate", PICTURE, "a fox", "-p", "output_format=png", "-o", "pictures", "--json")
    assert done.json["file"] == str(Path("pictures", f"{PICTURE.replace('.', '_')}-{done.json['id']}.png"))
    assert shell.files == [first["file"], "pictures"]
    with Image.open(shell.here / done.json["file"]) as picture:
        assert picture.format == "PNG"


def test_the_file_is_what_its_name_says(shell: Shell) -> None:
    """-o fox.png asks for a PNG, and --force replaces what is there; what cannot be made is refused unpaid."""
    (shell.here / "fox.png").write_bytes(b"old")
    done = shell.run("generate", PICTURE, "a fox", "-o", "fox.png", "--force")
    assert (done.code, _last_body(shell)["output_format"]) == (0, "png"), done.err
    with Image.open(shell.here / "fox.png") as picture:
        assert picture.format == "PNG"
    assert shell.emulator is not None
    before = len(shell.emulator.tasks)
    for name, more in (("a.gif", []), ("a.mp4", []), ("a.png", ["-p", "output_format=jpeg"])):
        done = shell.run("generate", PICTURE, "a fox", "-o", name, *more)
        assert done.code == 3, done.err
        assert "-o with the suffix .jpg" in done.err
    assert len(shell.emulator.tasks) == before


def test_a_name_that_contradicts_its_content_is_reported(shell: Shell) -> None:
    """A file whose suffix is not that of its content is reported, also with --quiet."""
    done = shell.run("generate", PICTURE, "a fox", "-o", "a.gif", "--no-validate", "-q")
    assert done.code == 0
    assert done.err == "warning: a.gif is a .jpg file, as the service made it: rename it to a.jpg\n"


def test_a_dry_run_shows_request_price_and_file(lonely_shell: Shell) -> None:
    """--dry-run prints the request with its media shortened, its price and its file; it needs no key and no service."""
    Image.new("RGB", (300, 300)).save(lonely_shell.here / "cat.png")
    request = [EDITING, "a fox", "-p", "input_image=@cat.png", "-o", "fox.png", "--dry-run"]
    done = lonely_shell.run("generate", *request)
    assert done.code == 0, done.err
    assert '"input_image": "<file of ' in done.out
    assert '"output_format": "png"' in done.out
    assert re.search(r"\d credits by the list of 20\d\d-\d\d\nfox\.png\n$", done.out)
    assert lonely_shell.files == ["cat.png"]
    hook = ["-p", "webhook_url=https://h.example/", "-p", "webhook_secret=s3cret"]
    hidden = lonely_shell.run("generate", EDITING, "a fox", *hook, "--dry-run")
    assert ('"webhook_secret": "…"' in hidden.out, "s3cret" in hidden.out + hidden.err) == (True, False)
    data = lonely_shell.run("generate", EDITING, "a fox", "--dry-run", "--json").json
    assert (data["price"], data["file"]) == (price(EDITING, {}), f"{EDITING.replace('.', '_')}-ID.jpg")
    assert (data["endpoint"], data["body"]["prompt"]) == (EDITING, "a fox")
    (lonely_shell.here / "out.png").mkdir()
    for folder in ("out.png", "new.png/"):
        data = lonely_shell.run("generate", EDITING, "a fox", "-o", folder, "--dry-run", "--json").json
        assert Path(data["file"]).parent == Path(folder), "a folder's name says nothing about the format"
        assert data["body"] == {"prompt": "a fox"}


VAGUE = [name for name in ENDPOINTS if prices(name, {"prompt": "a fox"})[0] is None]


@pytest.mark.parametrize("endpoint", VAGUE)
def test_a_price_that_depends_on_the_result_is_an_upper_bound(lonely_shell: Shell, endpoint: str) -> None:
    """Where the price is known only after the task, --dry-run has no price, and the highest if there is one."""
    done = lonely_shell.run("generate", endpoint, "a fox", "--dry-run", "--json", "--no-validate")
    assert (done.json["price"], done.json["highest_price"]) == (None, prices(endpoint, {"prompt": "a fox"})[1])


LISTS = [
    (endpoint, name)
    for endpoint in ENDPOINTS
    for name, parameter in parameters(endpoint).items()
    if {"array", "string"} <= parameter.types and parameter.media
]


@pytest.mark.parametrize(("endpoint", "parameter"), LISTS)
def test_a_dry_run_shows_each_picture_of_a_list_in_short(lonely_shell: Shell, endpoint: str, parameter: str) -> None:
    """--dry-run shows what stands for each of several pictures, and none of their content."""
    Image.new("RGB", (300, 300)).save(lonely_shell.here / "cat.png")
    pictures = ["-p", f"{parameter}=@cat.png"] * 2
    done = lonely_shell.run("generate", endpoint, "a fox", *pictures, "--dry-run", "--no-validate", "--json")
    assert done.code == 0, done.err
    shown = done.json["body"][parameter]
    assert len(shown) == 2
    assert all(each.startswith("<file of ") for each in shown)


FIXED = [name for name in ENDPOINTS if formats(name) and FORMAT not in parameters(name)]


@pytest.mark.parametrize("endpoint", FIXED)
def test_a_format_is_asked_for_only_where_it_can_be(lonely_shell: Shell, endpoint: str) -> None:
    """An endpoint that always makes one format is asked for none, although the file's name says which."""
    command = ["generate", endpoint, "a fox", "--dry-run", "--no-validate", "--json"]
    done = lonely_shell.run(*command, "-o", f"fox.{formats(endpoint)[0]}")
    assert done.json["body"] == {"prompt": "a fox"}


def test_the_format_that_was_asked_for_stays(shell: Shell) -> None:
    """A format given with -p is sent whatever the file's name says; a name without a known suffix asks for none."""
    for arguments, asked in (
        (["-p", "output_format=png", "-o", "fox.jpg", "--no-validate"], "png"),
        (["-o", "fox.PNG"], "png"),
        (["-o", "fox.jpeg"], "jpeg"),
        (["-o", "fox.txt"], None),
        (["-o", "fox"], None),
        ([], None),
    ):
        body = shell.run("generate", PICTURE, "a fox", *arguments, "--dry-run", "--json").json["body"]
        assert body.get("output_format") == asked, arguments


def test_a_file_in_the_way_matters_only_to_what_is_saved(shell: Shell) -> None:
    """--no-wait minds no file of that name, because it writes none, and names it for the command that fetches."""
    (shell.here / "fox.jpg").write_bytes(b"precious")
    done = shell.run("generate", PICTURE, "a fox", "--no-wait", "-o", "fox.jpg", "--json")
    assert (done.code, done.json["resume"]) == (0, f"bfl task {done.json['id']} -o fox.jpg"), done.err
    assert (shell.here / "fox.jpg").read_bytes() == b"precious"


@pytest.mark.parametrize("endpoint", [EDITING])
def test_the_cost_is_told_with_the_task(shell: Shell, endpoint: str) -> None:
    """What the submit costs is told by --no-wait, as by the result."""
    done = shell.run("generate", endpoint, "a fox", "--no-wait", "--json")
    assert done.json["cost"] == price(endpoint, {"prompt": "a fox"})
    assert shell.run("task", done.json["id"], "--json").json["cost"] == done.json["cost"]


def test_a_file_that_appears_meanwhile_is_not_replaced(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody makes while the task is awaited stays as it is; with --force it is replaced."""
    monkeypatch.setattr(Destination, "check", lambda self, screen: Path("fox.jpg").write_bytes(b"precious"))
    done = shell.run("generate", PICTURE, "a fox", "-o", "fox.jpg")
    assert (done.code, "fox.jpg exists; --force replaces it" in done.err) == (11, True), done.err
    assert (shell.here / "fox.jpg").read_bytes() == b"precious"
    assert shell.run("generate", PICTURE, "a fox", "-o", "fox.jpg", "--force").code == 0
    assert (shell.here / "fox.jpg").stat().st_size > 1000


def test_a_result_on_standard_output_is_nothing_but_the_result(shell: Shell) -> None:
    """-o - writes the picture alone, from its first byte to its last, makes no file, and ends the task."""
    done = shell.run("generate", PICTURE, "a fox", "-o", "-")
    content = done.out.encode("utf-8", "surrogateescape")
    assert (done.code, content[:2], content[-2:]) == (0, b"\xff\xd8", b"\xff\xd9"), done.err
    assert (shell.files, shell.kept) == ([], [])


@pytest.mark.parametrize("arguments", [["--json", PICTURE, "a fox"], [PICTURE, "a fox", "--json"]])
def test_json_alone_is_no_body(lonely_shell: Shell, arguments: list[str]) -> None:
    """--json before the endpoint, or last, only prints JSON: the endpoint's name is not taken for a file."""
    done = lonely_shell.run("validate", *arguments)
    assert (done.code, done.json) == (0, {"endpoint": PICTURE, "valid": True}), done.err


def test_json_with_an_equals_sign_names_a_body(lonely_shell: Shell) -> None:
    """--json=FILE reads the body from the file, as --json FILE does, and prints JSON."""
    (lonely_shell.here / "body.json").write_text('{"prompt": "a fox", "width": 1}')
    done = lonely_shell.run("validate", PICTURE, "--json=body.json")
    assert [each["field"] for each in done.json["error"]["violations"]] == ["width"]


@pytest.mark.parametrize(("url", "kept"), [(None, []), ("https://api.bfl.ai/v1/get_result?id=x", ["x"])])
def test_an_answer_without_a_way_back_is_no_handle(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, url: str | None, kept: list[str]
) -> None:
    """A submit that failed with a task is kept for `bfl task`, but not without a URL, as nothing could be resumed."""

    def submit(*_: object, **__: object) -> None:
        raise TransportError("gone", task_id="x", polling_url=url)

    monkeypatch.setattr(Client, "submit", property(lambda _: submit))
    error = shell.run("generate", PICTURE, "a fox", "--json").json["error"]
    assert (shell.kept, error.get("resume")) == (kept, "bfl task x" if kept else None)


def test_the_secret_of_a_webhook_is_sent_where_it_belongs(shell: Shell) -> None:
    """BFL_WEBHOOK_SECRET is sent with a webhook alone, and one that is given with the request goes before it."""
    secret = {"BFL_WEBHOOK_SECRET": "s3cret"}
    hook = ["-p", "webhook_url=http://127.0.0.1:9/"]
    assert shell.run("generate", PICTURE, "a fox", "--no-wait", env=secret).code == 0
    assert "webhook_secret" not in _last_body(shell)
    assert shell.run("generate", PICTURE, "a fox", *hook, "-p", "webhook_secret=mine", env=secret).code == 0
    assert _last_body(shell)["webhook_secret"] == "mine"
    command = ["generate", "flux-9-pro", "a fox", *hook, "--no-validate", "--dry-run", "--json"]
    assert set(shell.run(*command, env=secret).json["body"]) == {"prompt", "webhook_url"}


def test_the_cost_of_a_task_is_said_while_it_is_awaited(shell: Shell) -> None:
    """The cost that the submit stated stays in every line of the progress, though polls state none."""
    lines = iter([("Pending", None), ("Pending", 0.5), ("Processing", None), ("Ready", None)])
    task = SimpleNamespace(endpoint=PICTURE, id="x", cost=3.0)
    line = TaskLine(task)  # type: ignore[arg-type]
    assert str(line) == f"{PICTURE}: submitted, 0 s, 3 credits"
    told = [(line.take(Update(status, share, None, None, {})), str(line)) for status, share in lines]
    assert told == [
        (True, f"{PICTURE}: Pending, 0 s, 3 credits"),
        (False, f"{PICTURE}: Pending 50%, 0 s, 3 credits"),
        (True, f"{PICTURE}: Processing, 0 s, 3 credits"),
        (True, f"{PICTURE}: Ready, 0 s, 3 credits"),
    ]
    line.take(Update("Ready", None, None, None, {"cost": 0}))
    assert str(line).endswith(", 0 credits")


def test_quiet_says_nothing_on_standard_error(shell: Shell) -> None:
    """With --quiet there is only the result, and with --json it is one line of JSON; else each new status is told."""
    done = shell.run("generate", PICTURE, "a fox", "--quiet", "--json", "-o", "fox.jpg")
    assert done.err == ""
    assert done.json["status"] == "Ready"
    assert shell.emulator is not None
    pending = {"status": "Pending", "cost": 3}
    shell.emulator.script({"fault": "answer", "operation": "poll", "status": 200, "body": pending, "times": 1})
    done = shell.run("generate", PICTURE, "a fox", "-o", "owl.jpg")
    assert re.search(rf"^{PICTURE}: Pending, \d s, 3 credits\n{PICTURE}: Ready, ", done.err), done.err


@pytest.mark.about("flux-3-video")
def test_a_draft_is_kept_beside_its_film(shell: Shell) -> None:
    """A video draft's cache is saved beside the video, and the video is finished from that file."""
    pytest.importorskip("av")
    draft = ["-p", "mode=t2v", "-p", "draft=true", "-p", "resolution=hd", "-p", "duration=5"]
    done = shell.run("generate", "flux-3-video", "a fox", *draft, "-o", "fox.mp4", "--json")
    assert (done.code, shell.files) == (0, ["fox.draft", "fox.mp4"]), done.err
    assert (done.json["file"], done.json["draft"]) == ("fox.mp4", "fox.draft")
    (shell.here / "fox.mp4").unlink()
    content = (shell.here / "fox.draft").read_bytes()
    done = shell.run("generate", "flux-3-video", "an owl", *draft, "-o", "fox.mp4")
    assert (done.code, (shell.here / "fox.draft").read_bytes()) == (11, content), done.err
    assert "fox.draft exists" in done.err
    finish = ["-p", "mode=draft_enhance", "-p", "draft_cache=@fox.draft", "-p", "resolution=hd"]
    done = shell.run("generate", "flux-3-video", *finish, "-o", "final.mp4")
    assert done.code == 0, done.err


def test_a_draft_is_named_and_does_not_follow_standard_output() -> None:
    """The line about a saved video names its draft, if there is one; a video on standard output leaves no file."""
    task, result = SimpleNamespace(id="x"), SimpleNamespace(cost=3.0, draft_cache="https://delivery.bfl.ai/x")
    follower = Follower(Screen(), task, None, None)  # type: ignore[arg-type]
    lines = [follower._text(result, Path("fox.mp4"), draft) for draft in (Path("fox.draft"), None)]  # type: ignore[arg-type]
    assert lines == ["fox.mp4  task x  cost 3 credits  draft fox.draft", "fox.mp4  task x  cost 3 credits"]
    assert Destination("-", force=False).save_draft(result, STDOUT) is None  # type: ignore[arg-type]


def test_a_webhook_is_not_waited_for(shell: Shell) -> None:
    """A task with a webhook is submitted, and nothing is polled or saved; --no-wait prints how to resume."""
    hook = ["-p", "webhook_url=http://127.0.0.1:9/"]
    done = shell.run("generate", PICTURE, "a fox", *hook, BFL_WEBHOOK_SECRET="s3cret")
    assert (done.code, _last_body(shell)["webhook_secret"]) == (0, "s3cret"), done.err
    assert "webhook" in done.out
    done = shell.run("generate", PICTURE, "a fox", "--no-wait", "--json")
    assert (done.code, done.json["resume"]) == (0, f"bfl task {done.json['id']}")
    assert shell.files == []


def test_a_task_that_cannot_be_polled_is_no_success(shell: Shell) -> None:
    """Without a webhook, an answer without a polling URL is an error that names the task; --no-wait says so, too."""
    assert shell.emulator is not None
    shell.emulator.script({"fault": "answer", "operation": "submit", "status": 200, "body": {"id": "task-1"}})
    waited = shell.run("generate", PICTURE, "a fox")
    assert (waited.code, "task-1 has no polling URL" in waited.err) == (4, True), waited
    left = shell.run("generate", PICTURE, "a fox", "--no-wait")
    assert (left.code, "no polling URL" in left.out, "webhook" in left.out) == (0, True, False), left


def _last_body(shell: Shell) -> Any:
    assert shell.emulator is not None
    return [request for request in list(shell.emulator.requests) if request.method == "POST"][-1].body
