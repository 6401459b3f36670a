"""A receiver of webhooks that saves each picture once. Needs starlette and uvicorn; ``uvicorn webhook_receiver:app``.

Submit with ``webhook_url="https://…/hook"`` and the content of the variable HOOK_SECRET as ``webhook_secret``.
"""

import os

from bfl_client import AsyncClient, BFLError, Update, WebhookError, webhooks
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

saved: set[str] = set()  # a delivery may come twice; a real receiver asks its database


async def save(update: Update, task_id: str) -> None:
    """Fetch a result; its URL expires after minutes. If this fails, a second delivery can still save it."""
    try:
        print(await client.result(update).save("."))
        saved.add(task_id)
    except BFLError as error:  # moderated, failed, or expired
        print(f"{error.task_id}: {error}")


async def receive(request: Request) -> Response:
    """Answer at once, and fetch afterwards: if the answer takes long, the delivery is sent again."""
    if int(request.headers.get("content-length", 0)) > webhooks.BODY_LIMIT:
        return Response(status_code=413)
    try:
        update = webhooks.parse(await request.body(), request.headers, os.environ["HOOK_SECRET"])
    except WebhookError:
        return Response(status_code=403)
    task_id = str(update.raw.get("id"))
    if not update.ended or task_id in saved:
        return Response()
    return Response(background=BackgroundTask(save, update, task_id))


client = AsyncClient()
app = Starlette(routes=[Route("/hook", receive, methods=["POST"])])
