"""How clients prove who they are: before the gate of the API itself, over HTTP."""

import asyncio
import hashlib
import hmac
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from dalsegno.client import AsyncDalsegno, Dalsegno, KeyAuth, Retries, TokenAuth
from dalsegno.client.signing import IamAuth
from dalsegno.errors import ForbiddenError, UnauthorizedError, UnavailableError
from dalsegno_functions.api import API
from dalsegno_functions.auth.gate import Gate
from dalsegno_functions.auth.key_callers import KeyCallers
from dalsegno_functions.auth.keys import AccessKey, hash_of
from dalsegno_functions.auth.roles import Identity, Role
from dalsegno_functions.auth.tokens import LIFETIME_MS, Signer
from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.wiring import local_engine
from tests.builders import NOW
from tests.clients import QUICK_RETRIES, a_client
from tests.clock import ManualClock
from tests.misbehaving import Answer, Behaviour, Drop, MisbehavingServer, Seen, misbehaving

MANY: Final = 20
FORBIDDEN: Final = Answer(403, '{"message": "The security token included is expired"}')


class GuardedServer:
    """The API behind the gate for access keys; its only key is ``ann``'s, with ``secret``."""

    def __init__(self, server: MisbehavingServer) -> None:
        self.server = server
        self.clock = ManualClock()
        self.engine = local_engine(None, self.clock).engine
        self.role = Role.ADMIN
        self.restart(b"first")
        server.chooses(self.answer)

    def restart(self, signing_secret: bytes) -> None:
        self.gate = Gate(KeyCallers(self, Signer(signing_secret), self.clock))

    def key(self, key_id: str) -> AccessKey | None:
        """See ``AccessKeys``."""
        identity = Identity(caller="ann", role=self.role, task_types=frozenset())
        known = AccessKey(identity=identity, secret_hash=hash_of("secret"), created_at=NOW)
        return known if key_id == "ann" else None

    def keys(self) -> list[AccessKey]:
        return []

    def add(self, key: AccessKey) -> None:
        """Add nothing."""

    def revoke(self, key_id: str) -> bool:
        return False

    def answer(self, seen: Seen) -> Behaviour:
        path, _, query = seen.path.partition("?")
        event: GatewayEvent = {
            "rawPath": path,
            "rawQueryString": query,
            "headers": seen.headers,
            "requestContext": {"http": {"method": seen.method}},
            "body": seen.body.decode() or None,
        }
        response = self.gate.answer(API, event, self.engine)
        return Answer(response.status, str(response.body), {"Content-Type": "application/json"})

    def tokens_asked_for(self) -> int:
        return sum(seen.path == "/api/token" for seen in self.server.seen)


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with misbehaving() as server:
        yield server


@pytest.fixture
def guarded(server: MisbehavingServer) -> GuardedServer:
    return GuardedServer(server)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_key_is_exchanged_once_and_its_token_renewed(kind: str, guarded: GuardedServer) -> None:
    auth = KeyAuth("ann", "secret")
    with a_client(kind, guarded.server.url, auth=auth) as client:
        for _ in range(3):
            assert client(lambda c: c.definitions.tasks.all()) == []
        assert guarded.tokens_asked_for() == 1

        guarded.clock.advance(LIFETIME_MS / 1000 + 1)
        assert client(lambda c: c.definitions.tasks.all()) == []
        assert guarded.tokens_asked_for() == 2

        guarded.restart(b"another")
        assert client(lambda c: c.definitions.tasks.all()) == []
        assert guarded.tokens_asked_for() == 3


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_old_token_is_renewed_before_it_is_refused(
    kind: str, guarded: GuardedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dalsegno.client.auth._RENEWED_AFTER_SECONDS", -1)
    with a_client(kind, guarded.server.url, auth=KeyAuth("ann", "secret")) as client:
        client(lambda c: c.definitions.tasks.all())
        client(lambda c: c.definitions.tasks.all())

    assert [seen.path for seen in guarded.server.seen].count("/api/token") == 2
    assert len(guarded.server.seen) == 4


def test_threads_and_tasks_ask_for_one_token_together(guarded: GuardedServer) -> None:
    auth, url = KeyAuth("ann", "secret"), guarded.server.url
    together = threading.Barrier(MANY + 1)

    async def ask_at_once() -> None:
        async with AsyncDalsegno(url, auth=auth) as client:
            await asyncio.to_thread(together.wait)
            await asyncio.gather(*(client.definitions.tasks.all() for _ in range(MANY)))

    def ask(client: Dalsegno) -> None:
        together.wait()
        client.definitions.tasks.all()

    with Dalsegno(url, auth=auth) as client, ThreadPoolExecutor(MANY + 1) as threads:
        asked = [threads.submit(ask, client) for _ in range(MANY)]
        asked.append(threads.submit(lambda: asyncio.run(ask_at_once())))
        for each in asked:
            each.result(30)

    assert guarded.tokens_asked_for() == 1
    assert len(guarded.server.seen) == 2 * MANY + 1


def test_wrong_secret_is_told_by_the_keys_id(guarded: GuardedServer) -> None:
    with (
        Dalsegno(guarded.server.url, auth=KeyAuth("ann", "guess")) as client,
        pytest.raises(UnauthorizedError, match="access key ann was not accepted") as raised,
    ):
        client.definitions.tasks.all()

    assert "guess" not in str(raised.value)


def test_role_that_does_not_include_it_is_told(guarded: GuardedServer) -> None:
    guarded.role = Role.READER

    with (
        Dalsegno(guarded.server.url, auth=KeyAuth("ann", "secret")) as client,
        pytest.raises(ForbiddenError, match="the role reader does not include this"),
    ):
        client.start("order")


def test_missing_key_is_told(guarded: GuardedServer) -> None:
    with (
        Dalsegno(guarded.server.url) as client,
        pytest.raises(UnauthorizedError, match="X-Authorization is missing"),
    ):
        client.definitions.tasks.all()


def test_key_of_the_environment_is_used(
    guarded: GuardedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDUCTOR_SERVER_URL", f"{guarded.server.url}/api")
    monkeypatch.setenv("CONDUCTOR_AUTH_KEY", "ann")
    monkeypatch.setenv("CONDUCTOR_AUTH_SECRET", "secret")

    with Dalsegno() as client:
        assert client.definitions.tasks.all() == []


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_environment_tells_who_asks(
    kind: str, server: MisbehavingServer, aws_login: pytest.MonkeyPatch
) -> None:
    aws_login.setenv("DALSEGNO_TOKEN", "abc.def.ghi")
    server.will(Answer(200, "1.0"))

    with a_client(kind, server.url) as client:
        client(lambda c: c.service.version())
    aws_login.setenv("DALSEGNO_AUTH", "iam")
    with a_client(kind, server.url) as client:
        client(lambda c: c.service.version())

    bearer, signed = (seen.headers["authorization"] for seen in server.seen)
    assert bearer == "Bearer abc.def.ghi"
    assert signed.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")


def test_unknown_way_to_ask_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALSEGNO_AUTH", "keys")

    with pytest.raises(ValueError, match="DALSEGNO_AUTH is 'keys': it may be iam"):
        Dalsegno("http://127.0.0.1:1")


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_server_without_keys_is_asked_for_a_token_once(
    kind: str, server: MisbehavingServer
) -> None:
    server.will(Answer(404, '{"status": 404}'), Answer(200, "1.0"))

    with a_client(kind, server.url, auth=KeyAuth("ann", "secret")) as client:
        for _ in range(3):
            assert client(lambda c: c.service.version()) == "1.0"

    assert len(server.seen) == 4


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("failure", [Drop(), Answer(503, "busy"), Answer(429, "busy")])
def test_call_is_made_once_its_token_can_be_had(
    kind: str, failure: Behaviour, server: MisbehavingServer
) -> None:
    server.will(failure, failure, Answer(200, '{"token": "t"}'), Answer(200, ""))

    auth = KeyAuth("ann", "secret")
    with a_client(kind, server.url, auth=auth, retries=QUICK_RETRIES) as client:
        client(lambda c: c.execution("w").signal())  # is not repeatable, and was not sent

    assert [seen.path for seen in server.seen] == [
        *["/api/token"] * 3,
        "/api/tasks/w/COMPLETED/signal",
    ]
    assert server.seen[-1].headers["x-authorization"] == "t"


def test_token_that_cannot_be_had_is_told(server: MisbehavingServer) -> None:
    server.will(Answer(503, "busy"))

    auth = KeyAuth("ann", "secret")
    with (
        Dalsegno(server.url, auth=auth, retries=Retries(attempts=2)) as client,
        pytest.raises(UnavailableError, match="asked for a token, it said 503 busy"),
    ):
        client.service.version()


def test_token_of_an_issuer_is_shown(server: MisbehavingServer) -> None:
    server.will(Answer(200, "1.0"))

    with Dalsegno(server.url, auth=TokenAuth("abc.def.ghi")) as client:
        client.service.version()

    assert server.seen[0].headers["authorization"] == "Bearer abc.def.ghi"


@pytest.fixture
def aws_login(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "first")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    return monkeypatch


@pytest.mark.usefixtures("aws_login")
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_signature_is_what_aws_computes(kind: str, server: MisbehavingServer) -> None:
    server.will(Answer(200, '{"totalHits": 0, "results": []}'))

    with a_client(kind, server.url, auth=IamAuth()) as client:
        client(lambda c: c.executions.search_page("name = 'a b+c/*~é' AND x IN (1)", sort="a:ASC"))
        client(lambda c: c.events.publish("paid", {"amount": "3 €"}))
        client(lambda c: c.execution("w/1 é").pause())

    for seen in server.seen:
        assert seen.headers["x-amz-security-token"] == "session"
        assert seen.headers["authorization"].rpartition("=")[2] == signature(seen, "first")


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_new_login_is_used_when_the_old_one_has_expired(
    kind: str, server: MisbehavingServer, aws_login: pytest.MonkeyPatch
) -> None:
    auth = IamAuth("eu-central-1")
    server.will(FORBIDDEN, Answer(200, ""))
    aws_login.setenv("AWS_SECRET_ACCESS_KEY", "second")
    aws_login.delenv("AWS_SESSION_TOKEN")

    with a_client(kind, server.url, auth=auth) as client:
        client(lambda c: c.execution("w").signal())

    assert [
        signature(seen, secret)
        for seen, secret in zip(server.seen, ["first", "second"], strict=True)
    ] == [seen.headers["authorization"].rpartition("=")[2] for seen in server.seen]
    assert "x-amz-security-token" not in server.seen[1].headers


@pytest.mark.usefixtures("aws_login")
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_refusal_is_told_if_there_is_no_new_login(kind: str, server: MisbehavingServer) -> None:
    server.will(FORBIDDEN)

    with (
        a_client(kind, server.url, auth=IamAuth()) as client,
        pytest.raises(ForbiddenError, match="token included is expired"),
    ):
        client(lambda c: c.execution("w").signal())

    assert len(server.seen) == 1


def test_function_urls_are_signed_for_lambda(
    server: MisbehavingServer, aws_login: pytest.MonkeyPatch
) -> None:
    aws_login.setenv("HTTP_PROXY", server.url)
    server.will(Answer(200, "1.0"))

    with Dalsegno("http://abc.lambda-url.eu-central-1.on.aws", auth=IamAuth()) as client:
        client.service.version()

    assert "/eu-central-1/lambda/aws4_request" in server.seen[0].headers["authorization"]


def test_signing_without_botocore_says_what_to_install() -> None:
    program = "import sys; sys.modules['botocore.auth'] = None; from dalsegno import IamAuth"

    failed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert "pip install 'dalsegno[sqs]'" in failed.stderr


def signature(seen: Seen, secret: str) -> str:
    """Return the signature that AWS expects, computed from the request as it has arrived."""
    found = re.search(r"Credential=\w+/(\S+), SignedHeaders=(\S+),", seen.headers["authorization"])
    assert found is not None
    scope, names = found[1], found[2].split(";")
    url = urlsplit(seen.path)
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(url.query, keep_blank_values=True)
    )
    canonical = "\n".join(
        [
            seen.method,
            quote(url.path, safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{seen.headers[name]}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(seen.body).hexdigest(),
        ]
    )
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", seen.headers["x-amz-date"], scope, hashed])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()
