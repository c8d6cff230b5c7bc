"""Requests signed as AWS wants them (auth mode ``iam``). Needs ``dalsegno[sqs]``."""

import asyncio
from collections.abc import AsyncGenerator, Generator

import httpx

from dalsegno.client.answers import is_of_the_api

try:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import ReadOnlyCredentials
    from botocore.session import get_session
except ImportError as error:
    raise ImportError("signing needs botocore: pip install 'dalsegno[sqs]'") from error


class IamAuth(httpx.Auth):
    """Signs with the credentials of the environment, a profile or a role, as all AWS tools do.

    Those of a role are renewed in time. If the gateway refuses others, they are looked up again,
    once for each request: somebody may have logged in anew.

    Args:
        region: Of the API; that of the environment or the profile if absent.
        service: ``execute-api`` for an HTTP API, ``lambda`` for a Function URL.

    Raises:
        ValueError: There are no credentials, or no region.
    """

    def __init__(self, region: str | None = None, *, service: str | None = None) -> None:
        self._look_up()
        self._region = region or get_session().get_config_variable("region")
        self._service = service
        if not self._region:
            raise ValueError("no AWS region found: give one, or set AWS_REGION")

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """See ``httpx.Auth.sync_auth_flow``."""
        shown = self._frozen()
        self._sign(request, shown)
        response = yield request
        if response.status_code == httpx.codes.FORBIDDEN:
            response.read()
            others = self._others(shown, response)
            if others is not None:
                self._sign(request, others)
                yield request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """See ``httpx.Auth.async_auth_flow``."""
        shown = await asyncio.to_thread(self._frozen)  # may have to renew them
        self._sign(request, shown)
        response = yield request
        if response.status_code == httpx.codes.FORBIDDEN:
            await response.aread()
            others = await asyncio.to_thread(self._others, shown, response)
            if others is not None:
                self._sign(request, others)
                yield request

    def _look_up(self) -> None:
        credentials = get_session().get_credentials()
        if credentials is None:
            raise ValueError("no AWS credentials found: log in, or set AWS_PROFILE")
        self._credentials = credentials

    def _frozen(self) -> ReadOnlyCredentials:
        return self._credentials.get_frozen_credentials()

    def _others(
        self, refused: ReadOnlyCredentials, response: httpx.Response
    ) -> ReadOnlyCredentials | None:
        """Return other credentials than those the gateway has refused, if there are any now."""
        if is_of_the_api(response):  # they are good, but not for this
            return None
        self._look_up()
        found = self._frozen()
        return None if found == refused else found

    def _sign(self, request: httpx.Request, credentials: ReadOnlyCredentials) -> None:
        service = self._service or _service_of(request.url.host)
        # Only what must be signed is: proxies may change the rest.
        headers = {"Host": request.headers["Host"]}
        if "Content-Type" in request.headers:
            headers["Content-Type"] = request.headers["Content-Type"]
        signed = AWSRequest(request.method, str(request.url), headers, request.content)
        SigV4Auth(credentials, service, self._region).add_auth(signed)
        request.headers.pop("X-Amz-Security-Token", None)
        request.headers.update(dict(signed.headers.items()))


def _service_of(host: str) -> str:
    return "lambda" if ".lambda-url." in host else "execute-api"
