"""HTTP calls of tasks, against servers on real sockets: what is sent, understood and refused.

The table is what Conductor's HTTP task does with Apache's client behind it, where DESIGN does not
want it otherwise.
"""

import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dalsegno_state.outbound_http import GuardedHttpClient
from dalsegno_state.ports import HttpCallError, HttpReply
from tests.raw_server import Conversation, Talk, answer, raw_server

JSON = "Content-Type: application/json"
OK = answer("200 OK", JSON, body=b"{}")
# The deadline of an exchange, and how much later its end may be noticed on a busy machine.
DEADLINE, SLACK = 1.0, 4.0


@pytest.fixture(scope="module")
def client() -> Iterator[GuardedHttpClient]:
    made = GuardedHttpClient(allow_private=True)
    yield made
    made.close()


def call(client: GuardedHttpClient, url: str, method: str = "GET", **more: Any) -> HttpReply:
    given: dict[str, Any] = {
        "headers": {},
        "body": None,
        "connect_timeout_seconds": 10,
        "read_timeout_seconds": 10,
        **more,
    }
    return client.request(method, url, **given)


def says(reply: bytes) -> Talk:
    return lambda conversation: conversation.send(reply)


def sent(client: GuardedHttpClient, path: str = "/", method: str = "GET", **more: Any) -> Any:
    """Return the request that a server saw."""
    with raw_server(says(OK)) as server:
        assert call(client, server.url + path, method, **more).status_code == 200
        (seen,) = server.seen
        return seen


# -- what is sent ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("/a b", "/a%20b"),
        ("/a%20b", "/a%20b"),
        ("/ü?q=ö ä", "/%C3%BC?q=%C3%B6%20%C3%A4"),
        ('/{"x"}|^', "/%7B%22x%22%7D%7C%5E"),
        ("?a=1&b=[2]", "/?a=1&b=[2]"),
        ("/a+b?c=d+e", "/a+b?c=d+e"),
        ("/%2F%zz", "/%2F%25zz"),
        ("/x#fragment", "/x"),
        ("", "/"),
    ],
)
def test_url_is_percent_encoded_where_it_is_not(
    client: GuardedHttpClient, given: str, line: str
) -> None:
    assert sent(client, given).line == f"GET {line} HTTP/1.1"


def test_headers_that_nobody_gave(client: GuardedHttpClient) -> None:
    headers = dict(sent(client).headers)

    assert headers["user-agent"].startswith("dalsegno")
    assert headers["accept-encoding"] == "gzip, deflate"
    assert "cookie" not in headers
    assert "content-length" not in headers


@pytest.mark.parametrize(
    ("name", "value", "sent_value"),
    [
        ("User-Agent", "mine/1", "mine/1"),
        ("user-agent", "mine/1", "mine/1"),
        ("ACCEPT-ENCODING", "identity", "identity"),
        ("Authorization", "Bearer ", "Bearer"),
        ("Authorization", "Bearer abc\r\n", "Bearer abc"),
        ("X-Tab", "\t a\tb \n", "a\tb"),
        (" X-Padded ", "v", "v"),
        ("X-City", "Zürich", "Zürich"),
        ("X-Half", "\ud83d", "?"),
        ("X-Empty", "", ""),
    ],
)
def test_header_is_sent_once_without_white_space_around_it(
    client: GuardedHttpClient, name: str, value: str, sent_value: str
) -> None:
    seen = sent(client, headers={name: value})

    assert [v for n, v in seen.headers if n == name.strip().lower()] == [sent_value]


def test_names_of_headers_count_without_case(client: GuardedHttpClient) -> None:
    seen = sent(client, headers={"X-Key": "a", "x-key": "b"})

    assert [value for name, value in seen.headers if name == "x-key"] == ["b"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Length", "3"),
        ("content-length", "99999"),
        ("Transfer-Encoding", "chunked"),
        ("Host", "another.example"),
        ("Connection", "upgrade"),
        ("Upgrade", "h2c"),
        ("Expect", "100-continue"),
        ("TE", "trailers"),
        ("Trailer", "X-More"),
    ],
)
def test_framing_is_the_clients_own_business(
    client: GuardedHttpClient, name: str, value: str
) -> None:
    seen = sent(client, method="POST", headers={name: value}, body=b'{"longer": "than three"}')

    assert seen.body == b'{"longer": "than three"}'
    assert seen.header("content-length") == "24"
    assert str(seen.header("host")).startswith("127.0.0.1:")
    assert value not in [v for n, v in seen.headers if n == name.lower()]


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"X-A": "one\r\nX-B: two"}, "the header X-A contains control characters"),
        ({"X-A": "nul\0"}, "the header X-A contains control characters"),
        ({"X A": "v"}, "'X A' cannot be the name of a header"),
        ({"X-A\r\nX-B": "v"}, "cannot be the name of a header"),
        ({"": "v"}, "cannot be the name of a header"),
        ({"Ünicode": "v"}, "cannot be the name of a header"),
    ],
)
def test_header_that_cannot_be_sent_is_refused_without_its_value(
    client: GuardedHttpClient, headers: dict[str, str], told: str
) -> None:
    with pytest.raises(HttpCallError, match=told) as failure:
        call(client, "http://127.0.0.1:9/", headers=headers)

    assert not any(value in str(failure.value) for value in headers.values() if len(value) > 1)


@pytest.mark.parametrize("method", ["CONNECT", "GET /x HTTP/1.1\r\nX: y", "", "G ET", "GÈT"])
def test_method_that_cannot_be_sent_is_refused(client: GuardedHttpClient, method: str) -> None:
    with pytest.raises(HttpCallError, match="method"):
        call(client, "http://127.0.0.1:9/", method)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/relative",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "unix:///run/x",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/?key=TOP-SECRET",
        "http://127.0.0.1:bad/?key=TOP-SECRET",
        "http://a\nb/?key=TOP-SECRET",
        "http://xn--\ud800/?key=TOP-SECRET",
        "http://" + "a" * 70_000 + "/?key=TOP-SECRET",
        "http://" + "a" * 300 + "/?key=TOP-SECRET",
    ],
    ids=range(13),
)
def test_url_that_cannot_be_called_is_refused_without_its_query(
    client: GuardedHttpClient, url: str
) -> None:
    with pytest.raises(HttpCallError) as failure:
        call(client, url)

    assert "TOP-SECRET" not in str(failure.value)


def test_user_and_password_of_a_url_are_sent_as_basic_credentials(
    client: GuardedHttpClient,
) -> None:
    with raw_server(says(OK)) as server:
        url = server.url.replace("http://", "http://me:pw@")
        call(client, url)
        call(client, url, headers={"authorization": "Bearer mine"})

        assert [seen.header("authorization") for seen in server.seen] == [
            "Basic bWU6cHc=",
            "Bearer mine",
        ]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "REPORT"])
def test_any_method_may_have_a_body(client: GuardedHttpClient, method: str) -> None:
    seen = sent(client, method=method, body=b"{}")

    assert (seen.line, seen.body) == (f"{method} / HTTP/1.1", b"{}")


def test_cookies_of_one_call_are_not_sent_with_another(client: GuardedHttpClient) -> None:
    with raw_server(says(answer("200 OK", "Set-Cookie: session=1; Path=/"))) as server:
        call(client, server.url)
        call(client, server.url)

        assert [seen.header("cookie") for seen in server.seen] == [None, None]


# -- what is understood ---------------------------------------------------------------------------

BODY = json.dumps({"city": "Zürich"}).encode() * 50


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ("gzip", gzip.compress(BODY)),
        ("GZIP", gzip.compress(BODY)),
        ("x-gzip", gzip.compress(BODY)),
        ("gzip", gzip.compress(BODY[:7]) + gzip.compress(BODY[7:])),
        ("gzip", gzip.compress(BODY) + b"\0" * 7),
        ("deflate", zlib.compress(BODY)),
        ("deflate", raw_deflate(BODY)),
        ("identity", BODY),
        ("", BODY),
        ("deflate, gzip", gzip.compress(zlib.compress(BODY))),
    ],
    ids=range(10),
)
def test_content_coding_is_taken_off(client: GuardedHttpClient, coding: str, coded: bytes) -> None:
    with raw_server(says(answer("200 OK", f"Content-Encoding: {coding}", body=coded))) as server:
        reply = call(client, server.url)

    assert reply.body == BODY
    is_coded = coded != BODY
    assert ("Content-Encoding" in reply.headers, "Content-Length" in reply.headers) == (
        not is_coded,
        not is_coded,
    )


def bomb(megabytes: int) -> bytes:
    return gzip.compress(b"\0" * (megabytes << 20))


@pytest.mark.parametrize(
    ("coding", "coded", "told"),
    [
        ("br", b"\x0b\x02\x80{}\x03", "a content coding that was not asked for: 'br'"),
        ("zstd", b"(\xb5/\xfd", "a content coding that was not asked for: 'zstd'"),
        ("gzip", b"no gzip", "damaged"),
        ("gzip", gzip.compress(BODY)[:-9], "ends too soon"),
        ("deflate", zlib.compress(BODY)[:-9], "ends too soon"),
        ("gzip", bomb(11), "longer than"),
        ("gzip, gzip", gzip.compress(bomb(200)), "longer than"),
        ("gzip, gzip, gzip, gzip, gzip", b"x", "too many"),
        ("gzip", gzip.compress(b"") * 300, "more than 256"),
    ],
    ids=range(9),
)
def test_body_that_cannot_be_decoded_fails_the_call(
    client: GuardedHttpClient, coding: str, coded: bytes, told: str
) -> None:
    header = f"Content-Encoding: {coding}"
    with (
        raw_server(says(answer("200 OK", header, body=coded))) as server,
        pytest.raises(HttpCallError, match=told),
    ):
        call(client, server.url)


@pytest.mark.parametrize(
    ("method", "reply", "status", "body"),
    [
        ("HEAD", answer("200 OK", "Content-Length: 700", "Content-Encoding: gzip"), 200, b""),
        ("GET", answer("204 No Content", "Content-Length: 0"), 204, b""),
        ("GET", answer("304 Not Modified", "Content-Length: 700"), 304, b""),
        ("GET", b"HTTP/1.1 100 Continue\r\n\r\n" + answer("201 Created", body=b"x"), 201, b"x"),
        ("GET", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, 200, b"{}"),
        ("GET", b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
        ("GET", b"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, b"x"),
        (
            "GET",
            answer("200 OK", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\nT: v\r\n\r\n"),
            200,
            b"abc",
        ),
        ("GET", answer("300 Multiple Choices", "Location: /x", body=b"x"), 300, b"x"),
        ("GET", answer("302 Found", body=b"no location"), 302, b"no location"),
        ("GET", answer("503 Busy", "Retry-After: 1", body=b"x"), 503, b"x"),
    ],
    ids=range(11),
)
def test_answer(
    client: GuardedHttpClient, method: str, reply: bytes, status: int, body: bytes
) -> None:
    with raw_server(says(reply)) as server:
        got = call(client, server.url, method)

    assert (got.status_code, got.body) == (status, body)


def test_headers_of_an_answer_are_spelled_as_they_came_first(client: GuardedHttpClient) -> None:
    lines = ("X-Many: 1", "x-many: 2", "ETag: x", "X-City: Zürich")
    with raw_server(says(answer("200 Fine", *lines))) as server:
        reply = call(client, server.url)

    assert reply.reason_phrase == "Fine"
    assert reply.headers["X-Many"] == ["1", "2"]
    assert (reply.headers["ETag"], reply.headers["X-City"]) == (["x"], ["Zürich"])


@pytest.mark.parametrize(
    "reply",
    [
        b"220 mail.example.com ESMTP\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnohex\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
        answer("200 OK", body=b"x" * (10 * 1024 * 1024 + 1)),
    ],
    ids=range(11),
)
def test_answer_that_is_none_fails_the_call(client: GuardedHttpClient, reply: bytes) -> None:
    with raw_server(says(reply)) as server, pytest.raises(HttpCallError):
        call(client, server.url)


# -- redirects ------------------------------------------------------------------------------------


def redirecting(status: int, to: Callable[[], str]) -> Talk:
    def talk(conversation: Conversation) -> None:
        is_first = conversation.line.split()[1] == "/first"
        moved = answer(f"{status} Moved", f"Location: {to()}", body=b"moved")
        conversation.send(moved if is_first else OK)

    return talk


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        (301, "GET", "GET"),
        (302, "GET", "GET"),
        (303, "GET", "GET"),
        (307, "GET", "GET"),
        (308, "GET", "GET"),
        (301, "HEAD", "HEAD"),
        (303, "HEAD", "HEAD"),
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
        (301, "PUT", "PUT"),
        (302, "DELETE", "DELETE"),
        (303, "PUT", "GET"),
        (303, "DELETE", "GET"),
        (307, "PATCH", "PATCH"),
    ],
)
@pytest.mark.parametrize("location", ["/second", "second", "?x=1"])
def test_redirect_is_followed_with_the_method_that_it_means(
    client: GuardedHttpClient, status: int, method: str, then: str, location: str
) -> None:
    body = None if method in ("GET", "HEAD") else b"the body"
    headers = {"Authorization": "Bearer x", "Content-Type": "text/plain"}
    wanted = location if location.startswith("/") else "/second"
    wanted = "/first?x=1" if location == "?x=1" else wanted
    with raw_server(redirecting(status, lambda: location)) as server:
        call(client, server.url + "/first", method, headers=headers, body=body)
        second = server.seen[1]

    assert second.line == f"{then} {wanted} HTTP/1.1"
    keeps_body = body is not None and then == method
    assert second.body == (b"the body" if keeps_body else b"")
    assert (second.header("content-type") is not None) == (keeps_body or body is None)
    assert second.header("authorization") == "Bearer x"  # it is the same origin


CREDENTIALS = {
    "Authorization": "Bearer x",
    "cookie": "session=1",
    "Proxy-Authorization": "Basic x",
    "X-Api-Key": "k",
    "X-Vault-Token": "k",
    "PRIVATE-TOKEN": "k",
    "Ocp-Apim-Subscription-Key": "k",
    "X-Amz-Security-Token": "k",
    "X-Whatever": "k",
}
HARMLESS = {"Accept": "text/plain", "accept-language": "de", "User-Agent": "mine", "Range": "x"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_credentials_do_not_follow_to_another_origin(
    client: GuardedHttpClient, status: int, method: str
) -> None:
    with (
        raw_server(says(OK)) as stranger,
        raw_server(redirecting(status, lambda: f"{stranger.url}/x")) as friend,
    ):
        url = friend.url.replace("http://", "http://me:pw@") + "/first"
        call(client, url, method, headers={**CREDENTIALS, **HARMLESS})
        (seen,) = stranger.seen

    assert not {name.lower() for name in CREDENTIALS} & dict(seen.headers).keys()
    assert all(seen.header(name.lower()) == value for name, value in HARMLESS.items())
    assert seen.header("host") == stranger.url.removeprefix("http://")


def test_header_that_held_a_secret_does_not_follow_whatever_its_name(
    client: GuardedHttpClient,
) -> None:
    with (
        raw_server(says(OK)) as stranger,
        raw_server(redirecting(302, lambda: stranger.url)) as friend,
    ):
        call(
            client,
            friend.url + "/first",
            headers={"User-Agent": "S3CRET"},
            confidential=frozenset({"user-agent"}),
        )
        (seen,) = stranger.seen

    assert "S3CRET" not in seen.request.decode()


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("is_secret", [True, False])
def test_body_follows_to_another_origin_unless_it_held_a_secret(
    client: GuardedHttpClient, status: int, is_secret: bool
) -> None:
    confidential = frozenset({"body"} if is_secret else ())
    with (
        raw_server(says(OK)) as stranger,
        raw_server(redirecting(status, lambda: stranger.url)) as friend,
    ):
        url = friend.url + "/first"
        if is_secret:
            with pytest.raises(HttpCallError, match="must not get the secrets in the body"):
                call(client, url, "POST", body=b"b", confidential=confidential)
            assert stranger.seen == []
        else:
            call(client, url, "POST", body=b"b", confidential=confidential)
            assert [seen.body for seen in stranger.seen] == [b"b"]


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://169.254.169.254/latest/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:169.254.169.254]/",
        "//169.254.169.254/",
        "http://127.0.0.1:bad/",
        "http://",
        "javascript:alert(1)",
    ],
)
def test_redirect_to_what_must_not_be_called_fails(
    client: GuardedHttpClient, location: str
) -> None:
    with raw_server(redirecting(302, lambda: location)) as server, pytest.raises(HttpCallError):
        call(client, server.url + "/first")


def test_redirects_have_an_end(client: GuardedHttpClient) -> None:
    with (
        raw_server(redirecting(302, lambda: "/first")) as server,
        pytest.raises(HttpCallError, match="redirects"),
    ):
        call(client, server.url + "/first")


# -- time -----------------------------------------------------------------------------------------


def silent(conversation: Conversation) -> None:
    conversation.over.wait()


def drips_headers(conversation: Conversation) -> None:
    conversation.send(b"HTTP/1.1 200 OK\r\n")
    conversation.drip(b"X-More: y\r\n", 0.1)


def drips_one_header(conversation: Conversation) -> None:
    conversation.send(b"HTTP/1.1 200 OK\r\nX: ")
    conversation.drip(b"y", 0.1)


def interim_for_ever(conversation: Conversation) -> None:
    conversation.drip(b"HTTP/1.1 100 Continue\r\n\r\n", 0.1)


def interim_at_once(conversation: Conversation) -> None:
    conversation.drip(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000, 0.0)


def drips_body(conversation: Conversation) -> None:
    conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    conversation.drip(b"x", 0.1)


def drips_chunks(conversation: Conversation) -> None:
    conversation.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    conversation.drip(b"1\r\nx\r\n", 0.1)


def redirects_slowly(conversation: Conversation) -> None:
    conversation.over.wait(0.4)
    conversation.send(answer("302 Found", "Location: /again"))


@pytest.mark.parametrize(
    "talk",
    [
        silent,
        drips_headers,
        drips_one_header,
        interim_for_ever,
        interim_at_once,
        drips_body,
        drips_chunks,
        redirects_slowly,
    ],
)
@pytest.mark.parametrize("read_seconds", [0, 30])
def test_exchange_ends_by_its_deadline(
    client: GuardedHttpClient, talk: Talk, read_seconds: float
) -> None:
    with raw_server(talk) as server:
        began = time.monotonic()
        with pytest.raises(HttpCallError, match="did not end within 1 seconds"):
            call(
                client,
                server.url,
                read_timeout_seconds=read_seconds,
                exchange_timeout_seconds=DEADLINE,
            )

    assert time.monotonic() - began < DEADLINE + SLACK


def test_writing_to_a_peer_that_does_not_read_ends_by_the_deadline(
    client: GuardedHttpClient,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # takes connections, reads nothing
        began = time.monotonic()
        with pytest.raises(HttpCallError, match="did not end within"):
            call(
                client,
                f"http://127.0.0.1:{listener.getsockname()[1]}/",
                "POST",
                body=b"x" * (9 << 20),
                read_timeout_seconds=30,
                exchange_timeout_seconds=DEADLINE,
            )

    assert time.monotonic() - began < DEADLINE + SLACK


@pytest.mark.parametrize("scheme", ["https"])
def test_handshake_ends_by_the_deadline(client: GuardedHttpClient, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        began = time.monotonic()
        with pytest.raises(HttpCallError, match="did not end within"):
            call(
                client,
                f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/",
                connect_timeout_seconds=30,
                exchange_timeout_seconds=DEADLINE,
            )

    assert time.monotonic() - began < DEADLINE + SLACK


def test_lookup_of_a_name_ends_by_the_deadline(
    client: GuardedHttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait() and [])
    began = time.monotonic()

    with pytest.raises(HttpCallError, match=r"slow\.test was not resolved in time"):
        call(client, "http://slow.test/", exchange_timeout_seconds=DEADLINE)

    over.set()
    assert time.monotonic() - began < DEADLINE + SLACK


def test_read_timeout_is_between_two_pieces(client: GuardedHttpClient) -> None:
    def flows(conversation: Conversation) -> None:
        conversation.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for _ in range(6):
            conversation.over.wait(0.5)
            conversation.send(b"x")

    with raw_server(flows) as server:
        assert call(client, server.url, read_timeout_seconds=2).body == b"xxxxxx"

    with raw_server(silent) as server:
        began = time.monotonic()
        with pytest.raises(HttpCallError, match="ReadTimeout: no answer in time from http://127"):
            call(client, server.url + "/?key=TOP-SECRET", read_timeout_seconds=0.5)

    assert time.monotonic() - began < 0.5 + SLACK


def test_no_timeout_is_no_failure(client: GuardedHttpClient) -> None:
    with raw_server(says(OK)) as server:
        reply = call(client, server.url, connect_timeout_seconds=0, read_timeout_seconds=0)

    assert reply.status_code == 200


# -- addresses ------------------------------------------------------------------------------------


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Have ``many.test`` stand for these addresses."""
    resolve = socket.getaddrinfo

    def look_up(host: str, *asked: Any, **more: Any) -> list[Any]:
        names = addresses if host == "many.test" else (host,)
        return [found for name in names for found in resolve(name, *asked, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize(
    "first",
    [
        "127.0.0.2",  # nobody listens there
        "169.254.169.254",  # must not be called
        "fd00:ec2::254",
        "0.0.0.0",  # noqa: S104  (no host)
    ],
)
def test_addresses_of_a_host_are_tried_in_turn_if_they_may_be(
    client: GuardedHttpClient, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    resolving(monkeypatch, first, "127.0.0.1")
    with raw_server(says(OK)) as server:
        assert call(client, f"http://many.test:{server.port}/").status_code == 200


def test_host_whose_addresses_all_refuse_fails(
    client: GuardedHttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, "127.0.0.2", "127.0.0.3")

    with pytest.raises(HttpCallError, match=r"ConnectError.*many\.test:1"):
        call(client, "http://many.test:1/")


def test_unknown_host_fails(client: GuardedHttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(HttpCallError, match=r"none\.test cannot be resolved: .*not known"):
        call(client, "http://none.test/")


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_loopback_is_a_right_of_its_own(host: str) -> None:
    client = GuardedHttpClient(allow_private=True, allow_loopback=False)

    with raw_server(says(OK)) as server, pytest.raises(HttpCallError, match="this machine"):
        call(client, f"http://{host}:{server.port}/")

    assert server.seen == []
