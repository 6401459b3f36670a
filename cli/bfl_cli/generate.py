"""``bfl generate``: submit a request, wait for it, save the result; ``bfl validate``: only check one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from bfl_client import media, specification
from bfl_client.errors import CHECK_CREDITS, BFLError, in_line, shorten
from typer.core import TyperCommand

from . import options
from .app import command
from .exits import Problem, problem_of, worded
from .interrupts import PaidRequest
from .output import Destination, can_show
from .progress import price_in_words
from .request import Request, read
from .screen import Screen
from .service import connected
from .state import Keeper
from .tasks import Follower

if TYPE_CHECKING:
    from bfl_client import Client
    from bfl_client.tasks import Handle, Task

Prompt = Annotated[
    list[str],
    typer.Argument(metavar="PROMPT", help="The prompt, in quotes; - or @FILE: the text of standard input or a file."),
]
Pairs = Annotated[
    list[str],
    typer.Option(
        "--param",
        "-p",
        metavar="KEY=VALUE",
        help="A parameter; @FILE or - (standard input) sends a picture, video or text. Repeatable.",
        autocompletion=options.pairs,
    ),
]
Body = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-",
        help="A whole body as JSON; -p takes precedence. --json FILE|- does the same, and prints JSON.",
    ),
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the result, or only submit.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print request, price and file, and send nothing.")]
Validate = Annotated[bool, typer.Option("--validate/--no-validate", help="Check the request before it is sent.")]


class Generate(TyperCommand):
    """``--json`` may be followed by the request's body; alone it prints JSON, as with every command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Turn ``--json FILE`` into ``--json --body FILE``, then parse."""
        return super().parse_args(ctx, _spelled_out(args))


def _spelled_out(args: list[str]) -> list[str]:
    found: list[str] = []
    for number, argument in enumerate(args):
        before = args[number - 1] if number else ""
        is_option = argument.startswith("-") and argument != "-"
        if argument.startswith("--json="):
            found += ["--json", "--body", argument.removeprefix("--json=")]
        elif before == "--json" and not is_option and argument not in specification.ENDPOINTS:
            found += ["--body", argument]
        else:
            found.append(argument)
    return found


app = typer.Typer(add_completion=False, rich_markup_mode=None)
validating = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("generate", cls=Generate)
@command
def generate(
    screen: Screen,
    endpoint: options.EndpointName,
    prompt: Prompt = [],  # noqa: B006  # typer copies it
    param: Pairs = [],  # noqa: B006
    body: Body = None,
    output: options.Output = None,
    force: options.Force = False,
    timeout: options.Timeout = None,
    wait: Wait = True,
    show: options.Show = False,
    validate: Validate = True,
    dry_run: DryRun = False,
    emulator: options.Emulated = False,
) -> None:
    """Make a picture or video, and save it.

    Every mistake in the request is reported at once, before anything is paid. The task's handle is saved before
    the wait begins: whatever happens then, bfl task ID resumes it.
    """
    if emulator and not wait:
        raise Problem("usage", "--no-wait makes no sense with --emulator, which ends with this command")
    if timeout is not None and not 0 < timeout < 1e9:
        raise Problem("usage", "--timeout must be a number of seconds above 0")
    destination = Destination(output, force)
    if show:
        can_show()
    request = read(endpoint, prompt, param, body, validate=validate)
    _ask_for_format(endpoint, request.body, destination.suffix, validate=validate)
    if dry_run:
        return _foretell(screen, endpoint, request.body, destination)
    if wait:
        destination.check(screen)
    with connected(screen, emulated=emulator) as client:
        keeper = Keeper(screen, None if emulator else destination.folder)
        with PaidRequest(screen) as paid:
            task = _submit(client, endpoint, request, paid, keeper)
            kept = keeper.keep(task.handle)
        follower = Follower(screen, task, kept, destination)
        hooked = bool(request.body.get("webhook_url"))
        if not wait or (hooked and task.polling_url is None):
            follower.leave(hooked=hooked)
        elif paid.pressed:
            raise follower.interrupted()
        else:
            follower.follow(timeout, show)


def _ask_for_format(endpoint: str, body: dict[str, Any], suffix: str, *, validate: bool) -> None:
    """Ask for what the file's name says it is; raises a Problem if the endpoint does not make it."""
    asked, makes = body.get(specification.FORMAT), specification.formats(endpoint)
    wanted = specification.file_format(suffix)
    if asked is None and wanted in makes:
        if specification.FORMAT in specification.parameters(endpoint):
            body[specification.FORMAT] = wanted
    elif validate and makes and wanted != asked and suffix.lower() in specification.MEDIA_SUFFIXES:
        makes = (str(asked),) if asked else makes
        why = f"-o names a {suffix} file, but this request makes {' or '.join(makes)}"
        right = specification.suffix(endpoint, {specification.FORMAT: makes[0]}) or f".{makes[0]}"
        raise Problem("constraint", why, f"-o with the suffix {right}")


def _foretell(screen: Screen, endpoint: str, body: dict[str, Any], destination: Destination) -> None:
    """Print what would be sent, what it costs, and the file that would be written."""
    prepared = media.prepare(endpoint, body)

    def shown(value: Any, name: str = "") -> Any:
        if isinstance(value, str):
            label = prepared.media[value].label if value in prepared.media else shorten(value, 200)
            return "…" if "secret" in name else label
        if isinstance(value, dict):
            return {key: shown(each, key) for key, each in value.items()}
        return [shown(each) for each in value] if isinstance(value, list) else value

    price, most = specification.prices(endpoint, body)
    file, request = str(destination.named(endpoint, body)), shown(prepared.plain)
    text = f"{json.dumps(request, indent=2, ensure_ascii=False)}\n{price_in_words(price, most)}\n{in_line(file)}"
    data = {"endpoint": endpoint, "body": request, "price": price, "highest_price": most, "file": file}
    screen.result(text, data)


@validating.command("validate", cls=Generate)
@command
def validate(
    screen: Screen,
    endpoint: options.EndpointName,
    prompt: Prompt = [],  # noqa: B006
    param: Pairs = [],  # noqa: B006
    body: Body = None,
    validate: Validate = True,
) -> None:
    """Check a request without sending it; needs no key. It takes what bfl generate takes."""
    read(endpoint, prompt, param, body, validate=validate)
    screen.result(f"{endpoint} accepts this request", {"endpoint": endpoint, "valid": True})


def _submit(client: Client, endpoint: str, request: Request, paid: PaidRequest, keeper: Keeper) -> Task:
    """Submit, or raise a Problem. If a task was created all the same, its handle is kept."""
    try:
        task = client.paused_by(paid.pause).submit(endpoint, request.body, validate=False)  # it was validated
        paid.answered()
        return task
    except (BFLError, KeyboardInterrupt) as error:
        paid.answered()
        problem, handle = problem_of(error), _handle(error, endpoint)
        if isinstance(error, KeyboardInterrupt):
            doing = "; nothing was submitted" if paid.pausing else " while the request was being submitted"
            problem = Problem("interrupted", f"interrupted{doing}")
            if not paid.pausing and handle is None:
                problem.remedy, problem.facts["maybe_submitted"] = worded(CHECK_CREDITS), True
        if kept := keeper.keep(handle):
            resume = problem.facts["resume"] = f"bfl task {kept.name}"
            problem.remedy = f"{problem.remedy}; then {resume}" if problem.remedy else resume
        raise problem from error


def _handle(error: BFLError | KeyboardInterrupt, endpoint: str) -> Handle | None:
    """The handle that came with an error, if a task was created."""
    from bfl_client.tasks import Handle

    if not isinstance(error, BFLError):
        found: Handle | None = getattr(error, "handle", None)
        return found
    fields = {"id": error.task_id, "polling_url": error.polling_url, "endpoint": endpoint}
    return Handle.from_dict(fields) if error.task_id and error.polling_url else None
