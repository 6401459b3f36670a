"""``bfl generate``: submit a request, wait for it, save the result; ``bfl validate``: only check one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from bfl_client import specification
from bfl_client.errors import CHECK_CREDITS, BFLError
from typer.core import TyperCommand

from . import options
from .app import command
from .exits import Problem, problem_of, worded
from .interrupts import PaidRequest
from .output import Destination, can_show
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
        help="A parameter; @FILE or - (standard input) sends a picture, film or text. Repeatable.",
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
    emulator: options.Emulated = False,
) -> None:
    """Make a picture or film, and save it.

    Every mistake in the request is reported at once, before anything is paid. The task's handle is saved before
    the waiting starts: whatever happens then, bfl task ID resumes it.
    """
    if emulator and not wait:
        raise Problem("usage", "--no-wait makes no sense with --emulator, which ends with this command")
    if timeout is not None and not 0 < timeout < 1e9:
        raise Problem("usage", "--timeout must be a number of seconds above 0")
    destination = Destination(output, force)
    if show:
        can_show()
    request = read(endpoint, prompt, param, body, validate=validate)
    if wait:
        destination.check(screen)
    with connected(screen, emulated=emulator) as client:
        keeper = Keeper(screen, None if emulator else destination.folder)
        with PaidRequest(screen) as paid:
            task = _submit(client, endpoint, request, paid, keeper)
            kept = keeper.keep(task.handle)
        follower = Follower(screen, task, kept, destination)
        if task.polling_url is None or not wait:
            follower.leave()
        elif paid.pressed:
            raise follower.interrupted()
        else:
            follower.follow(timeout, show)


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
