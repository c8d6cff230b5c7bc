"""What a browser may send to a local server: nothing that a stranger's page tells it to."""

import socket
from collections.abc import Mapping

import httpx
import pytest

MACHINE = socket.gethostname()
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
WORKFLOW = {"name": "inline", "workflowDef": {"name": "inline", "tasks": []}}

STRANGERS: dict[str, Mapping[str, str]] = {
    "a form": {
        "Origin": "https://evil.example",
        "Sec-Fetch-Site": "cross-site",
        "Content-Type": "text/plain",
    },
    "an old browser's form": {
        "Origin": "http://evil.example:8080",
        "Content-Type": "application/x-www-form-urlencoded",
    },
    "a sandboxed frame": {"Origin": "null", "Content-Type": "application/json"},
    "an image": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"},
    "a link": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    "an origin that begins alike": {"Origin": "http://localhost.evil.example"},
    "an origin with a user": {"Origin": "http://localhost@evil.example"},
    "a name that the network gives": {"Host": "evil", "User-Agent": FIREFOX},
    "a name of mDNS": {"Host": "evil.local:8080", "Sec-Fetch-Site": "same-origin"},
    "a private name": {"Host": "evil.internal", "Origin": "http://evil.internal"},
    "a rebound name": {"Host": "rebound.evil.example"},
    "a rebound name with a port": {"Host": "rebound.evil.example:8080"},
    "a name that ends in an address": {"Host": "evil.127.0.0.1"},
    "two hosts": {"Host": "localhost,evil.example"},
}
ROUTES = [
    ("POST", "/api/workflow"),
    ("GET", "/api/secrets"),
    ("GET", "/api/scheduler/admin/pause"),
    ("GET", "/api/tasks/poll/batch/x"),
    ("GET", "/api/workflow/execute/x"),
    ("PUT", "/api/secrets/TOKEN"),
    ("OPTIONS", "/api/workflow"),
    ("POST", "/nothing"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("headers", STRANGERS.values(), ids=STRANGERS)
def test_requests_of_strangers_pages_are_refused(
    server_url: str, method: str, path: str, headers: Mapping[str, str]
) -> None:
    reply = httpx.request(method, server_url + path, headers=dict(headers), json=None)

    assert reply.status_code == 403, reply.text
    assert "access-control-allow-origin" not in reply.headers
    assert reply.json()["message"]


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "GET"][1:])
def test_image_of_an_old_browser_changes_nothing(server_url: str, path: str) -> None:
    headers = {"User-Agent": FIREFOX, "Referer": "https://evil.example/page"}

    assert httpx.get(server_url + path, headers=headers).status_code == 403
    del headers["Referer"]
    assert httpx.get(server_url + path, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8080",
        "localhost.",
        "127.0.0.1:9",
        "[::1]:8080",
        "192.168.1.7",
        "dalsegno:8080",
        "host.docker.internal",
        "api.default.svc.cluster.local",
        "x.localhost",
    ],
)
def test_server_answers_to_names_that_strangers_cannot_have(server_url: str, host: str) -> None:
    assert httpx.get(f"{server_url}/api/version", headers={"Host": host}).status_code == 200


OWN: dict[str, Mapping[str, str]] = {
    "its own page": {"Origin": "{url}", "Sec-Fetch-Site": "same-origin"},
    "a page of the same machine": {
        "Origin": "http://localhost:5173",
        "Sec-Fetch-Site": "same-site",
    },
    "the machine's name": {"Host": MACHINE, "Origin": f"https://{MACHINE}"},
    "no browser": {"User-Agent": "python-httpx/0.27"},
}


@pytest.mark.parametrize("headers", OWN.values(), ids=OWN)
def test_own_pages_and_programs_are_answered(server_url: str, headers: Mapping[str, str]) -> None:
    sent = {name: value.format(url=server_url) for name, value in headers.items()}

    started = httpx.post(f"{server_url}/api/workflow", headers=sent, json={"name": "absent"})
    listed = httpx.get(f"{server_url}/api/secrets", headers=sent)

    assert started.status_code == 404, started.text  # no such workflow: it was looked for
    assert listed.status_code == 200


def test_browser_must_say_that_a_body_is_json(server_url: str) -> None:
    headers = {"Origin": server_url, "Content-Type": "text/plain"}
    own = f"{server_url}/api/workflow"

    assert httpx.post(own, headers=headers, content="{}").status_code == 415


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", None])
def test_programs_need_not_say_that_a_body_is_json(
    server_url: str, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}

    reply = httpx.post(f"{server_url}/api/workflow", headers=headers, content='{"name": "absent"}')

    assert reply.status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/api-docs", "/api/version"])
def test_user_may_follow_a_link_to_a_page(server_url: str, path: str) -> None:
    headers = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "User-Agent": FIREFOX}

    assert httpx.get(server_url + path, headers=headers).status_code in {200, 307}
    if not path.startswith("/api/"):
        headers["Sec-Fetch-Site"] = "cross-site"
        assert httpx.get(server_url + path, headers=headers).status_code in {200, 307}


def test_pages_cannot_be_framed_and_load_nothing_from_elsewhere(server_url: str) -> None:
    page = httpx.get(f"{server_url}/docs")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
