"""What a caller's own surroundings bring along, and servers that echo: nothing leaks, and nothing else escapes."""

import asyncio
import traceback
from email.message import Message
from typing import Any

import httpx
import pytest
import trio
from bfl_client import (
    APIError,
    AsyncClient,
    AuthenticationError,
    BFLError,
    Client,
    ConstraintError,
    DownloadError,
    InvalidRequestError,
    Result,
    Retry,
    TransportError,
    webhooks,
)

KEY = "bfl_0123456789abcdef"
POLLING_URL = "https://api.eu4.bfl.ai/v1/get_result?id=of-the-task"
SAMPLE = "https://delivery-eu4.bfl.ai/sample.png?sig=signature"


class Service:
    """Answers like the service, and keeps what arrived; `failing` paths are answered with their status and detail."""

    def __init__(self, failing: dict[str, tuple[int, str]] | None = None) -> None:
        self.failing = failing or {}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path in self.failing:
            status, detail = self.failing[request.url.path]
            return httpx.Response(status, json={"detail": detail})
        if request.url.host.startswith("delivery"):
            return httpx.Response(200, content=b"picture", headers={"content-type": "image/png"})
        if request.method == "POST":
            return httpx.Response(200, json={"id": "of-the-task", "polling_url": POLLING_URL})
        return httpx.Response(200, json={"status": "Ready", "result": {"sample": SAMPLE}})


def _client(service: Service, **options: Any) -> Client:
    http = httpx.Client(transport=httpx.MockTransport(service), **options)
    return Client(KEY, http_client=http, retry=Retry(attempts=1))


@pytest.mark.parametrize(
    "options",
    [
        {"headers": {"x-key": KEY, "Authorization": f"Bearer {KEY}"}},
        {"params": {"of": "the caller"}},
        {"base_url": "https://elsewhere.example/api/"},
        {"auth": ("user", KEY)},
    ],
)
def test_http_client_of_the_caller_changes_no_url_and_sends_no_key_to_a_delivery_host(options: Any) -> None:
    """Whatever the caller's httpx client adds, URLs are asked verbatim and the file host sees no key."""
    service = Service()
    result = _client(service, **options).generate("flux-dev", prompt="a fox")
    assert result.read() == b"picture"
    assert [str(request.url) for request in service.requests] == [
        "https://api.bfl.ai/v1/flux-dev",
        POLLING_URL,
        SAMPLE,
    ]
    assert KEY not in str(service.requests[-1].headers.raw)


@pytest.mark.parametrize("path", ["/v1/flux-dev", "/v1/get_result"])
def test_key_echoed_by_an_answer_stands_in_no_message(path: str) -> None:
    """A service that names the key in its refusal does not get it into the error's message, detail or repr."""
    service = Service({path: (403, f"the key {KEY} is not valid")})
    with pytest.raises(APIError, match="the API key") as caught:
        _client(service).generate("flux-dev", prompt="a fox")
    assert KEY not in f"{caught.value!r} {caught.value.detail} {''.join(traceback.format_exception(caught.value))}"


def test_event_hook_that_raises_leaks_neither_key_nor_url() -> None:
    """An error of the caller's hook carries, as the cause of ours, no request, URL or key."""
    service = Service({"/v1/get_result": (403, "no")})
    hooks: Any = {"response": [lambda response: response.raise_for_status()]}
    task = _client(service, event_hooks=hooks).submit("flux-dev", prompt="a fox")
    with pytest.raises(TransportError) as caught:
        task.status()
    cause = caught.value.__cause__
    assert isinstance(cause, httpx.HTTPStatusError)
    assert "of-the-task" not in "".join(traceback.format_exception(caught.value))
    assert "x-key" not in cause.request.headers
    assert "x-key" not in cause.response.request.headers


@pytest.mark.parametrize(("code", "error"), [(401, AuthenticationError), (422, InvalidRequestError)])
def test_error_with_an_unknown_word_for_status_ends_the_waiting(code: int, error: type[APIError]) -> None:
    """An HTTP error whose body has a status that no task has is that error at once, not a task still running."""

    def forbid(request: httpx.Request) -> httpx.Response:
        return httpx.Response(code, json={"status": "forbidden", "detail": "go away"})

    client = Client(KEY, http_client=httpx.Client(transport=httpx.MockTransport(forbid)))
    with pytest.raises(error) as caught:
        client.task("of-the-task", POLLING_URL).wait(timeout=1)
    assert caught.value.polling_url == POLLING_URL


@pytest.mark.parametrize(
    ("headers", "saved"),
    [
        ({"content-type": "application/xhtml+xml"}, False),
        ({"content-type": "application/problem+json"}, False),
        ({"content-type": "image/png", "content-encoding": "Identity"}, True),
    ],
)
def test_content_type_and_encoding_of_a_download(headers: dict[str, str], saved: bool) -> None:
    """A page in XHTML or JSON is no picture whatever its type is called; identity, in any case, is no compression."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(b"content"), headers=headers)

    http = httpx.Client(transport=httpx.MockTransport(answer))
    client = Client(KEY, http_client=http, retry=Retry(attempts=1))
    result = Result(client, client.task("of-the-task", POLLING_URL), {"result": {"sample": SAMPLE}})
    if saved:
        assert result.read() == b"content"
    else:
        with pytest.raises(DownloadError):
            result.read()


class _Broken:
    def to_dict(self) -> dict[str, Any]:
        raise RuntimeError("broken model")


def test_model_that_cannot_be_written_is_one_outcome_of_a_map() -> None:
    """A model whose to_dict() raises is a ConstraintError in its place; the others of the map have their results."""
    service = Service()
    with _client(service).map("flux-dev", [{"prompt": "a"}, _Broken(), {"prompt": "b"}]) as outcomes:
        kinds = [isinstance(outcome, BFLError) for outcome in outcomes]
    assert kinds == [False, True, False]


def test_model_that_cannot_be_written_is_one_outcome_of_an_asynchronous_map() -> None:
    """A model whose to_dict() raises does not end an asynchronous map."""

    async def outcomes_of_map() -> list[Any]:
        http = httpx.AsyncClient(transport=httpx.MockTransport(Service()))
        client = AsyncClient(KEY, http_client=http)
        async with http, client.map("flux-dev", [_Broken(), {"prompt": "b"}]) as outcomes:
            return [outcome async for outcome in outcomes]

    first, second = asyncio.run(outcomes_of_map())
    assert isinstance(first, ConstraintError)
    assert not isinstance(second, BFLError)


@pytest.mark.parametrize("run", [asyncio.run, lambda main: trio.run(lambda: main)])
def test_client_can_be_closed_in_another_event_loop_than_it_was_used_in(run: Any) -> None:
    """Closing an asynchronous client whose event loop has ended raises nothing."""

    class Pool(httpx.AsyncClient):
        async def aclose(self) -> None:
            raise RuntimeError("Event loop is closed")

    client = AsyncClient(KEY)
    client._built = Pool()
    client._loop = object()
    run(client.close())
    with pytest.raises(BFLError, match="closed"):
        asyncio.run(client.credits())


@pytest.mark.parametrize("decoding", ["latin-1", "utf-8"])
def test_secret_beyond_ascii_verifies_however_the_server_decoded_the_header(decoding: str) -> None:
    """A secret that was sent as UTF-8 verifies where the framework reads headers as Latin-1, and where as UTF-8."""
    headers = {"X-Webhook-Secret": "schlüssel".encode().decode(decoding)}
    assert webhooks.parse(b'{"status": "Ready"}', headers, "schlüssel").status == "Ready"


def test_headers_of_the_standard_library_are_taken() -> None:
    """The headers that http.server gives, which are no Mapping, are read like others."""
    headers: Any = Message()
    headers["X-Webhook-Secret"] = "secret"
    assert webhooks.parse(b'{"status": "Ready"}', headers, "secret").status == "Ready"
