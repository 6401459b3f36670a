"""``bfl generate``: submit a request, wait for it, save the result."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from . import completion, options
from .commands import command
from .exits import Problem, problem_of
from .screen import Screen

if TYPE_CHECKING:
    from bfl_client import Client
    from bfl_client.base import Request
    from bfl_client.errors import BFLError
    from bfl_client.tasks import Task

    from .keeping import Keeper
    from .output import Destination
    from .state import Kept

Prompt = Annotated[
    str | None, typer.Argument(metavar="PROMPT", help="The prompt, where the endpoint takes one.", show_default=False)
]
Pairs = Annotated[
    list[str],
    typer.Option(
        "--param",
        "-p",
        metavar="KEY=VALUE",
        help="A parameter; @FILE or - (standard input) sends a picture or film. Repeatable.",
        autocompletion=completion.pairs,
        show_default=False,
    ),
]
Body = Annotated[
    str | None,
    typer.Option(
        "--body",
        metavar="FILE|-",
        help="A whole body as JSON; -p goes before it. --json FILE|- does the same, and prints JSON.",
        show_default=False,
    ),
]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the result, or only submit.")]
Validate = Annotated[bool, typer.Option("--validate/--no-validate", help="Check the request before it is sent.")]


class Generate(TyperCommand):
    """``--json`` may be followed by the request's body; a bare one asks for JSON as with every command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, once ``--json FILE`` has become ``--json --body FILE``."""
        return super().parse_args(ctx, _spelled_out(args))


def _spelled_out(args: list[str]) -> list[str]:
    from bfl_api.table import ENDPOINTS

    found: list[str] = []
    for number, argument in enumerate(args):
        before = args[number - 1] if number else ""
        if argument.startswith("--json="):
            found += ["--json", "--body", argument.removeprefix("--json=")]
        elif before == "--json" and (argument == "-" or not (argument.startswith("-") or argument in ENDPOINTS)):
            found += ["--body", argument]
        else:
            found.append(argument)
    return found


app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("generate", cls=Generate)
@command
def generate(
    screen: Screen,
    endpoint: options.EndpointName,
    prompt: Prompt = None,
    param: Pairs = [],  # noqa: B006  # typer copies it
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

    A key that is in no parameter list, a value out of bounds: all of it is refused at once, before anything is paid.
    The task's handle is kept before the waiting begins: whatever happens then, bfl task ID takes it up again.
    """
    from . import session
    from .following import Follower
    from .output import Destination

    _consistent(wait, emulator, timeout)
    destination = Destination(output, force)
    if show:
        from .show import available

        available()
    request_body = _body(endpoint, prompt, param, body, validate)
    if wait:
        destination.check(screen)
    with session.client(screen, emulated=emulator) as client:
        request = client.request(endpoint, request_body, validate=False)  # it was validated
        task, kept, pressed = _submit(client, request, screen, destination, keep=not emulator)
        follower = Follower(screen, task, kept, destination)
        if task.polling_url is None or not wait:
            _submitted(screen, task, follower.way_on)
        elif pressed:
            raise follower.interrupted()
        else:
            follower.follow(timeout, show)


def _consistent(wait: bool, emulator: bool, timeout: float | None) -> None:
    if emulator and not wait:
        raise Problem("usage", "--no-wait makes no sense with --emulator, which ends with this command")
    if timeout is not None and not 0 < timeout < 1e9:
        raise Problem("usage", "--timeout must be a number of seconds above 0")


def _body(endpoint: str, prompt: str | None, param: list[str], source: str | None, validate: bool) -> dict[str, Any]:
    """The request's body, held to the specification."""
    from . import schemas
    from .parameters import Reader

    if validate:
        schemas.known(endpoint)
    reader = Reader(endpoint)
    body = reader.body(prompt, param, source)
    secret = os.environ.get("BFL_WEBHOOK_SECRET")
    if secret and body.get("webhook_url") and "webhook_secret" in schemas.parameters(endpoint):
        body.setdefault("webhook_secret", secret)
    checked(endpoint, body, reader.violations, validate=validate)
    return body


def checked(endpoint: str, body: dict[str, Any], violations: list[Any], *, validate: bool = True) -> None:
    """Hold a request to the specification; needs neither key nor network.

    Raises:
        ConstraintError: everything that is wrong with it, `violations` among it.
    """
    from bfl_api import specification
    from bfl_client import Client
    from bfl_client.errors import ConstraintError

    try:
        with Client("unused", specification.SERVER) as nowhere:
            nowhere.request(endpoint, body, validate=validate)
    except ConstraintError as error:
        missing = {violation.field for violation in violations}
        violations = [*violations, *(each for each in error.violations if each.field not in missing)]
    if violations:
        raise ConstraintError(endpoint, violations)


def _submit(
    client: Client, request: Request, screen: Screen, destination: Destination, *, keep: bool
) -> tuple[Task, Kept | None, bool]:
    """Submit, and keep the handle; also whether Ctrl-C was pressed meanwhile."""
    from bfl_client.errors import BFLError
    from bfl_client.tasks import Task

    from .interrupts import Submitting
    from .keeping import Keeper

    keeper = Keeper(screen, destination.folder) if keep else None
    with Submitting(screen) as submitting:
        try:
            driver = client._driver(submitting.sleep)
            task = Task(client, **driver.run(client.submit_flow(request)))
        except KeyboardInterrupt:
            if submitting.waiting:
                raise Problem("interrupted", "interrupted; nothing was submitted") from None
            raise Problem(
                "interrupted",
                "interrupted while the request was being submitted",
                "it may have been carried out, and paid: look at bfl credits before you repeat it",
                maybe_submitted=True,
            ) from None
        except BFLError as error:
            raise _paid(client, request, error, keeper) from error
        kept = keeper.keep(task) if keeper else None
    return task, kept, submitting.pressed


def _paid(client: Client, request: Request, error: BFLError, keeper: Keeper | None) -> Problem:
    """The problem of a submit that failed; if there is a task all the same, its handle is kept."""
    from bfl_client.tasks import Task

    problem = problem_of(error)
    if error.task_id and error.polling_url and keeper:
        task = Task(client, id=error.task_id, polling_url=error.polling_url, endpoint=request.endpoint)
        kept = keeper.keep(task)
        if kept is not None:
            problem.facts["resume"] = f"bfl task {kept.name}"
            problem.remedy = f"{problem.remedy or 'cure that'}; the task is kept: bfl task {kept.name}"
    return problem


def _submitted(screen: Screen, task: Task, way_on: str) -> None:
    """Tell of a task that is not waited for."""
    from bfl_client.errors import shorten

    shown = shorten(task.id, 80)
    told = {"id": task.id, "endpoint": task.endpoint, "status": "submitted", "cost": task.cost}
    if task.polling_url is None:
        screen.result(f"submitted  task {shown}  its result goes to the webhook", told)
    else:
        screen.result(f"submitted  task {shown}  fetch it: {way_on}", {**told, "resume": way_on})
