"""Which hosts may be asked what, and who sees the key: API hosts alone, and no message."""

from __future__ import annotations

import io
import json
import pickle
import traceback
from contextlib import suppress
from typing import Any, cast

import httpx
import numpy
import pytest
from bfl_client import APIError, AsyncClient, BFLError, Client, ConfigurationError, Retry, TransportError, errors
from bfl_client.auth import Hosts, KeyAuth, is_loopback, is_public
from bfl_emulator import Emulator
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.traceback import Traceback

from .conftest import ANY, KEY, NAME, OURS, POLLING_URL, SAMPLE, World


@pytest.mark.parametrize(
    "url",
    [
        "https://api.bfl.ai/v1/get_result?id=1",
        "https://api.eu4.bfl.ai/v1/get_result?id=1",
        "https://gateway.bfl.ai/x",
        "https://bfl.ai/x",
        "https://API.BFL.AI/x",
        "https://api.bfl.ai:443/x",
    ],
)
def test_api_hosts_are_polled(url: str) -> None:
    """https on bfl.ai and its subdomains passes."""
    Hosts("https://api.bfl.ai").check_api(url)


def test_the_own_origin_is_polled() -> None:
    """A proxy's own origin passes, another port or scheme of it does not."""
    hosts = Hosts("https://proxy.example:8443/bfl")
    hosts.check_api("https://proxy.example:8443/bfl/v1/get_result?id=1")
    for url in ("https://proxy.example/x", "http://proxy.example:8443/x"):
        with pytest.raises(errors.UntrustedURLError):
            hosts.check_api(url)
    assert hosts.endpoint("/v1/credits") == "https://proxy.example:8443/bfl/v1/credits"


def test_loopback_polls_loopback() -> None:
    """From a loopback base URL every loopback port may be polled, from a public one none."""
    Hosts("http://127.0.0.1:1").check_api("http://localhost:2/x")
    Hosts("http://[::1]:1").check_sample("http://127.0.0.2:3/x")
    assert is_loopback("127.8.8.8")
    assert not is_loopback("127.0.0.1.example")


@pytest.mark.parametrize(
    "base",
    ["http://api.bfl.ai", "ftp://x", "api.bfl.ai", "https://", "https://u:p@h", "https://h?q", 7, "https://\x00"],
)
def test_a_base_url_that_cannot_be_used_is_a_configuration_error(base: Any) -> None:
    """A bad base_url is refused when the client is made."""
    with pytest.raises(ConfigurationError):
        Client(KEY, base)


@given(st.text() | st.from_regex(r"https?://[^ ]*", fullmatch=True))
def test_any_text_is_trusted_or_refused(url: str) -> None:
    """Whatever a URL looks like, the checks pass or raise UntrustedURLError; nothing else leaves."""
    hosts = Hosts("https://api.bfl.ai")
    for check in (hosts.check_api, hosts.check_sample):
        try:
            check(url)
        except errors.UntrustedURLError as error:
            assert len(str(error)) < 200


@given(st.from_regex(r"https://[a-z0-9.@:/\\?#-]{0,12}bfl[.]ai[a-z0-9.@:/\\?#-]{0,12}", fullmatch=True))
def test_what_passes_is_on_bfl_ai(url: str) -> None:
    """A URL that passes is requested from bfl.ai or below, whatever tricks it is written with."""
    try:
        Hosts("https://api.bfl.ai").check_api(url)
    except errors.UntrustedURLError:
        return
    host = httpx.Request("GET", url).headers["host"]
    assert host == "bfl.ai" or host.endswith(".bfl.ai")


def test_region_sets_host_and_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """region= chooses the regional host; a base_url of another region contradicts it, wherever that is from."""
    assert Client(KEY, region="us").base_url == "https://api.us.bfl.ai"
    with pytest.raises(ConfigurationError):
        Client(KEY, "https://api.eu.bfl.ai", region="us")
    with pytest.raises(ConfigurationError):
        Client(KEY, region="mars")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        Client(KEY, region="")  # type: ignore[arg-type]
    monkeypatch.setenv("BFL_BASE_URL", "https://proxy.example/bfl")
    assert Client(KEY, region="us").base_url == "https://proxy.example/bfl"
    assert Client(KEY, "https://api.us1.bfl.ai", region="us").base_url == "https://api.us1.bfl.ai"
    monkeypatch.setenv("BFL_BASE_URL", "https://api.eu.bfl.ai")
    with pytest.raises(ConfigurationError):
        Client(KEY, region="us")


@pytest.mark.parametrize("key", ["with space", "new\nline", "ключ", " "])
def test_a_key_that_is_none_is_refused_unseen(key: str) -> None:
    """A key with impossible characters is a ConfigurationError that does not show it."""
    with pytest.raises(ConfigurationError) as caught:
        Client(key)
    assert not key.strip() or key not in str(caught.value)


def test_no_repr_shows_the_key() -> None:
    """The key is in no repr of the client and what it holds."""
    client = Client(KEY)
    shown = repr(client) + repr(vars(client)) + repr(client.api) + repr(client.submit) + repr(client.utility)
    assert KEY not in shown + repr(KeyAuth(KEY, Hosts("https://api.bfl.ai")))
    assert "KeyAuth" in shown


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
    return Client(KEY, http_client=http, retry=Retry(attempts=1, initial=0.001, ceiling=0.001))


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
    result = _client(service, **options).generate(NAME, prompt="a fox")
    assert result.read() == b"picture"
    assert [str(request.url) for request in service.requests] == [
        f"https://api.bfl.ai{ANY.path}",
        POLLING_URL,
        SAMPLE,
    ]
    assert KEY not in str(service.requests[-1].headers.raw)


@pytest.mark.parametrize("path", [ANY.path, "/v1/get_result"])
def test_key_echoed_by_an_answer_stands_in_no_message(path: str) -> None:
    """A service that names the key in its refusal does not get it into the error's message, detail or repr."""
    service = Service({path: (403, f"the key {KEY} is not valid")})
    with pytest.raises(APIError, match="the API key") as caught:
        _client(service).generate(NAME, prompt="a fox")
    assert KEY not in f"{caught.value!r} {caught.value.detail} {''.join(traceback.format_exception(caught.value))}"


def test_event_hook_that_raises_leaks_neither_key_nor_url() -> None:
    """An error of the caller's hook carries, as the cause of ours, no request, URL or key."""
    service = Service({"/v1/get_result": (403, "no")})
    hooks: Any = {"response": [lambda response: response.raise_for_status()]}
    task = _client(service, event_hooks=hooks).submit(NAME, prompt="a fox")
    with pytest.raises(TransportError) as caught:
        task.status()
    cause = caught.value.__cause__
    assert isinstance(cause, httpx.HTTPStatusError)
    assert "of-the-task" not in "".join(traceback.format_exception(caught.value))
    assert "x-key" not in cause.request.headers
    assert "x-key" not in cause.response.request.headers


def test_a_cause_holds_no_key(world: World) -> None:
    """The httpx error behind ours shows neither the key nor the URL of the request."""
    world.script = [httpx.ReadTimeout("slow")]
    with pytest.raises(errors.TransportError) as caught:
        world.do(lambda client: client.task("task-1", POLLING_URL).status())
    cause = caught.value.__cause__
    assert isinstance(cause, httpx.RequestError)
    assert KEY not in f"{cause.request!r} {cause.request.headers!r}"
    assert "get_result" not in str(cause.request.url)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"base_url": "api.bfl.ai"}, "base_url must be an https URL such as https://api.bfl.ai"),
        ({"base_url": 7}, "base_url must be an https URL such as https://api.bfl.ai"),
        ({"base_url": "https://h?q"}, "base_url must have neither query nor fragment"),
        ({"base_url": "https://h#f"}, "base_url must have neither query nor fragment"),
        (
            {"base_url": "http://h"},
            "base_url must use https; http is allowed on loopback only",
        ),
        ({"base_url": "https://h", "region": "xx"}, "region must be one of eu, us, or None for the global host"),
        (
            {"base_url": "https://api.us.bfl.ai", "region": "eu"},
            "base_url lies outside region 'eu'; leave one of the two out",
        ),
    ],
)
def test_what_is_wrong_with_the_hosts_is_said(settings: dict[str, Any], said: str) -> None:
    """Each setting that cannot be used is named with what would be accepted."""
    with pytest.raises(ConfigurationError) as caught:
        Hosts(**settings)
    assert caught.value.message == said
    assert Hosts("http://h", insecure=True).endpoint("/x") == "http://h/x"


@pytest.mark.parametrize(
    "base", ["https://proxy.example/bfl", "https://proxy.example/bfl/", "https://proxy.example/bfl//"]
)
def test_paths_follow_the_base_url(base: str) -> None:
    """An endpoint's URL is the base URL, less slashes at its end, and the path."""
    assert Hosts(base).endpoint("/v1/credits") == "https://proxy.example/bfl/v1/credits"
    assert Hosts("https://proxy.example/").endpoint("/v1/credits") == "https://proxy.example/v1/credits"


def test_an_origin_is_scheme_host_and_port() -> None:
    """The base URL's own origin is one port alone, the default one where none is named."""
    named, default = Hosts("https://proxy.example:8443"), Hosts("https://proxy.example")
    named.check_api("https://proxy.example:8443/x")
    default.check_api("https://proxy.example:443/x")
    for hosts, url in ((named, "https://proxy.example:8444/x"), (default, "https://proxy.example:444/x")):
        with pytest.raises(errors.UntrustedURLError) as caught:
            hosts.check_api(url)
        said = "the polling URL was not requested: it is neither https on bfl.ai nor the base_url's own origin"
        assert (caught.value.message, caught.value.remedy, caught.value.remedy.action) == (said, "", "base-url")


def test_the_words_for_urls_that_are_not_requested() -> None:
    """A URL outside the region, an invalid one and one of another scheme each have their words."""
    hosts = Hosts("https://api.eu.bfl.ai", "eu")
    said = {
        "https://api.us.bfl.ai/x": "the polling URL was not requested: it is outside the region",
        "https://api-eu.bfl.ai/x": "the polling URL was not requested: it is outside the region",
        "https://\x00": "an answer contains an invalid URL; it was not requested",
        "ftp://api.bfl.ai/": "an answer contains a URL that is not plain http or https; it was not requested",
        "https://u:p@api.eu.bfl.ai/": "an answer contains a URL that is not plain http or https; it was not requested",
    }
    for url, words in said.items():
        with pytest.raises(errors.UntrustedURLError) as caught:
            hosts.check_api(url)
        assert caught.value.message == words
        assert caught.value.remedy.action == ("other-region" if "region" in words else "")
    with pytest.raises(errors.UntrustedURLError, match="neither https on bfl.ai nor the base_url's own origin"):
        hosts.check_api("https://evil.example/x")
    for url in ("http://elsewhere.example/x", "http://api.eu.bfl.ai/x"):
        with pytest.raises(errors.UntrustedURLError) as caught:
            hosts.check_sample(url)
        assert caught.value.message == "the sample URL was not requested: it must be https on a public host"


def test_a_client_remembers_few_urls() -> None:
    """Of thousands of polling URLs that passed, no more than 64 are remembered."""
    hosts = Hosts("https://api.bfl.ai")
    most = 0
    for number in range(1000):
        hosts.check_api(f"https://api.bfl.ai/v1/get_result?id={number}")
        most = max(most, len(hosts._passed))
    assert most == 64


def test_a_key_that_cannot_be_sent_says_so() -> None:
    """A key with characters that no header can carry is refused by name, and not shown."""
    with pytest.raises(ConfigurationError) as caught:
        KeyAuth("bfl_\u2028x", Hosts("https://api.bfl.ai"))
    assert caught.value.message == "the API key contains invalid characters; check BFL_API_KEY"
    auth = KeyAuth(KEY, Hosts("https://api.bfl.ai"))
    assert repr(auth) == "KeyAuth(…)"
    assert auth(httpx.Request("GET", POLLING_URL)).headers.raw[-1] == (b"x-key", KEY.encode())


PRIVATE = [
    "169.254.169.254", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "127.0.0.1", "127.1", "0x7f.1",
    "2130706433", "127.0.0.1.", "localhost", "localhost.", "x.localhost", "[::1]", "[fe80::1]", "[fd00::1]",
    "[::ffff:10.0.0.1]", "[::ffff:127.0.0.1]", "224.0.0.1", "255.255.255.255", "[::]",
]  # fmt: skip
PUBLIC = [
    "delivery-eu4.bfl.ai",
    "bfldeliveryprodeu4.blob.core.windows.net",
    "8.8.8.8",
    "[2606:4700::1111]",
    "localhost.example",
]


@pytest.mark.parametrize("host", PRIVATE)
def test_a_public_service_fetches_from_public_hosts_alone(host: str) -> None:
    """A result at an address of this machine or of a private network is not fetched, in any spelling of the address."""
    with pytest.raises(errors.UntrustedURLError):
        Hosts("https://api.bfl.ai").check_sample(f"https://{host}/fox.png")
    assert not is_public(host)


@pytest.mark.parametrize("host", PUBLIC)
def test_results_are_fetched_from_any_public_host(host: str) -> None:
    """https on any public host is fetched from, http is not."""
    hosts = Hosts("https://api.bfl.ai")
    hosts.check_sample(f"https://{host}/fox.png")
    with pytest.raises(errors.UntrustedURLError):
        hosts.check_sample(f"http://{host}/fox.png")


@pytest.mark.parametrize("base", ["http://127.0.0.1:8", "http://localhost:8", "https://10.0.0.7", "https://[fd00::1]"])
def test_a_private_service_may_deliver_privately(base: str) -> None:
    """With a base URL on this machine or in a private network, such addresses are fetched from over https."""
    hosts = Hosts(base)
    hosts.check_sample("https://10.0.0.9/fox.png")
    hosts.check_sample(f"{base}/fox.png")
    if hosts.local:
        hosts.check_sample("http://127.0.0.2:9/fox.png")
    with pytest.raises(errors.UntrustedURLError):
        hosts.check_sample("http://10.0.0.9/fox.png")


@pytest.mark.parametrize(
    "host", ["delivery.bfl.ai", "delivery-eu1.bfl.ai", "eu.delivery.bfl.ai", "delivery.ice.bfl.ai"]
)
def test_no_delivery_host_may_see_the_key(host: str) -> None:
    """A host with a label that begins with `delivery` is no API host, wherever that label stands."""
    with pytest.raises(errors.UntrustedURLError):
        Hosts("https://api.bfl.ai").check_api(f"https://{host}/v1/get_result?id=1")
    with pytest.raises(errors.UntrustedURLError):
        KeyAuth(KEY, Hosts("https://api.bfl.ai"))(httpx.Request("GET", f"https://{host}/v1/get_result?id=1"))
    Hosts("https://api.bfl.ai").check_sample(f"https://{host}/fox.png")


@pytest.mark.parametrize(
    "given",
    [
        f" {KEY}\n", f'"{KEY}"', f"'{KEY}'", f"Bearer {KEY}", f"bearer  {KEY}", f"x-key: {KEY}", f"\u201c{KEY}\u201d",
        f'" {KEY} "', f"'\"{KEY}\"'",
    ],
)  # fmt: skip
def test_what_copying_adds_to_a_key_is_taken_off(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key with blanks, quotes or "Bearer" around it is sent without them, from the argument and the environment."""
    monkeypatch.setenv("BFL_API_KEY", given)
    for client in (Client(given), Client()):
        assert client._auth(httpx.Request("GET", POLLING_URL)).headers["x-key"] == KEY


@pytest.mark.parametrize(
    ("key", "said"), [(7, "api_key must be a string, not int"), ('""', "no API key"), ("", "no API key")]
)
def test_what_is_no_key_says_why(key: Any, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of another type names the type; quotes around nothing are no key, and the environment's is not taken."""
    monkeypatch.setenv("BFL_API_KEY", KEY)
    with pytest.raises(ConfigurationError) as caught:
        Client(key)
    assert caught.value.message == said


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/", "/v2//"])
@pytest.mark.parametrize("around", ["{}", " {}\n", '"{}"'])
def test_a_base_url_may_end_in_its_version(tail: str, around: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A base URL copied with /v1, a slash, blanks or quotes is the host's."""
    monkeypatch.setenv("BFL_BASE_URL", around.format(f"https://api.bfl.ai{tail}"))
    assert Client(KEY)._hosts.endpoint("/v1/credits") == "https://api.bfl.ai/v1/credits"
    assert Client(KEY, f"https://h/proxy{tail}")._hosts.endpoint("/v1/credits") == "https://h/proxy/v1/credits"


def test_http_goes_beyond_this_machine_only_if_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """http to another machine, which sees the key in clear, needs insecure=True, wherever the address is from."""
    assert Client(KEY, "http://service.local", insecure=True).base_url == "http://service.local"
    monkeypatch.setenv("BFL_BASE_URL", "http://service.local")
    assert Client(KEY, insecure=True).base_url == "http://service.local"
    with pytest.raises(ConfigurationError) as caught:
        Client(KEY)
    assert caught.value.remedy.action == "insecure-base-url"


def test_an_address_in_another_spelling_is_the_same_address() -> None:
    """An IPv4 address written as IPv6 is as public as it is; an insecure base URL delivers from itself."""
    assert is_public("[::ffff:8.8.8.8]")
    assert not is_public("[::ffff:192.168.0.1]")
    assert [Hosts(f"http://{host}:9").local for host in ("localhost.", "127.1", "127.0.0.2", "[::1]")] == [True] * 4
    hosts = Hosts("http://somewhere.example", insecure=True)
    hosts.check_sample("http://somewhere.example/fox.png")
    hosts.check_sample("http://somewhere.example:9000/fox.png")
    with pytest.raises(errors.UntrustedURLError):
        hosts.check_sample("http://elsewhere.example/fox.png")


def locals_of(error: BaseException) -> str:
    """The variables of each of our own frames that an error has passed, and of those that its causes have."""
    seen, found = set[int](), list[str]()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        trace = each.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename.startswith(OURS):
                for value in trace.tb_frame.f_locals.values():
                    with suppress(AttributeError):  # a client that is only half made has no repr
                        found.append(repr(value))
            trace = trace.tb_next
        each = each.__cause__ or each.__context__
    return " ".join(found)


ECHOES = [
    json.dumps({"detail": f"echo {KEY}", "id": KEY, "status": KEY}).replace("bfl_", "\\u0062fl_").encode(),
    json.dumps({"detail": [{"loc": ["body", KEY], "msg": KEY, "input": KEY}]}).encode("utf-16"),
    json.dumps({KEY: KEY, "detail": KEY}).encode(),
    f"<html>{KEY}</html>".encode(),
]


@pytest.mark.parametrize("content", ECHOES)
@pytest.mark.parametrize("status", [200, 302, 400, 403, 422, 429, 503])
def test_the_key_is_in_no_place_that_an_error_has(status: int, content: bytes) -> None:
    """A key that an answer echoes, in any encoding and header, is not in message, attributes, pickle or variables."""
    named: dict[str, str] = dict.fromkeys(("x-request-id", "retry-after", "x-echo", "location"), KEY)
    script: list[Any] = [httpx.Response(status, headers=named, content=content)]
    world = World("sync", script, settings={"retry": Retry(1)})
    with pytest.raises(BFLError) as caught:
        world.do(lambda client: client.submit(NAME, prompt="a fox").status())
    error = caught.value
    places = [str(error), repr(error), repr(vars(error)), repr(pickle.dumps(error)), repr(error.__cause__)]
    assert KEY not in " ".join(places) + locals_of(error)


@pytest.mark.parametrize("wrong", [{"base_url": "ftp://x"}, {"timeout": "x"}, {"poll": 5}, {"http_client": 5}])
def test_a_client_that_cannot_be_made_keeps_its_key(wrong: Any) -> None:
    """A traceback that shows the values of variables has no key, whatever else is wrong, or if the key itself is."""
    for key, more in ((KEY, wrong), (f"{KEY} twice {KEY}", {})):
        with pytest.raises(ConfigurationError) as caught:
            Client(key, **more)
        assert KEY not in locals_of(caught.value) + str(caught.value)


@pytest.mark.parametrize("kind", ["refused", "no answer", "broken"])
def test_a_traceback_with_the_values_of_variables_has_no_key(kind: str) -> None:
    """rich's traceback with show_locals, of every frame below the caller's, shows no key."""
    faults: dict[str, dict[str, Any]] = {
        "refused": {"fault": "answer", "status": 403, "body": {"detail": "no"}},
        "broken": {"fault": "reset"},
    }
    with Emulator(script=[faults[kind]] if kind in faults else []) as emulator:
        url = "http://127.0.0.1:9" if kind == "no answer" else emulator.base_url
        with Client(emulator.api_key, url, retry=Retry(attempts=1)) as client, pytest.raises(BFLError) as caught:
            client.generate(NAME, prompt="a fox", validate=False)
        below = caught.value.__traceback__
        assert below is not None
        shown = Traceback.from_exception(caught.type, caught.value, below.tb_next, show_locals=True, width=200)
        console = Console(file=io.StringIO(), width=200)
        console.print(shown)
        said = cast(io.StringIO, console.file).getvalue()
    assert "locals" in said
    assert "client.py" in said
    assert emulator.api_key not in said.replace("\n", "")


@pytest.mark.parametrize("part", ["?a=1", "#top", "?a=1#top"])
def test_a_base_url_has_neither_query_nor_fragment(part: str) -> None:
    """Either of them is refused: the paths of requests are added to its end."""
    with pytest.raises(ConfigurationError, match="neither query nor fragment"):
        Hosts(f"https://api.bfl.ai/{part}")


@pytest.mark.parametrize("key", ["", "key with blanks", "schl\u00fcssel", None, 7])
def test_a_client_with_a_key_that_cannot_be_one_is_not_made(key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client refuses it when it is made, not when it first sends something."""
    monkeypatch.delenv("BFL_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="key"):
        Client(key)


@pytest.mark.parametrize(
    "settings",
    [
        {"region": 10**6000},
        {"region": numpy.zeros(2)},
        {"base_url": numpy.zeros(2)},
        {"timeout": httpx.Timeout("soon")},  # type: ignore[arg-type]
        {"timeout": httpx.Timeout(float("nan"))},
        {"timeout": httpx.Timeout(-1)},
        {"timeout": httpx.Timeout(10**400)},
    ],
)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_setting_of_any_type_is_taken_or_refused(kind: Any, settings: dict[str, Any]) -> None:
    """A setting that makes no sense is a ConfigurationError, even where it cannot be compared or shown."""
    with pytest.raises(ConfigurationError):
        kind(KEY, **settings)
