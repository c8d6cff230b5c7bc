"""Requests signed as AWS wants them (auth mode ``iam``). Needs ``dalsegno[sqs]``."""

from collections.abc import Generator

import httpx

try:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.session import get_session
except ImportError as error:
    raise ImportError("signing needs botocore: pip install 'dalsegno[sqs]'") from error


class IamAuth(httpx.Auth):
    """Signs with the credentials of the environment, a profile or a role, as all AWS tools do.

    Args:
        region: Of the API; that of the environment or the profile if absent.
        service: ``execute-api`` for an HTTP API, ``lambda`` for a Function URL.

    Raises:
        ValueError: There are no credentials, or no region.
    """

    requires_request_body = True

    def __init__(self, region: str | None = None, *, service: str | None = None) -> None:
        session = get_session()
        credentials = session.get_credentials()
        if credentials is None:
            raise ValueError("no AWS credentials found: log in, or set AWS_PROFILE")
        self._credentials = credentials
        self._region = region or session.get_config_variable("region")
        self._service = service
        if not self._region:
            raise ValueError("no AWS region found: give one, or set AWS_REGION")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See ``httpx.Auth.auth_flow``."""
        service = self._service or _service_of(request.url.host)
        # Only what must be signed is: proxies may change the rest.
        headers = {"Host": request.headers["Host"]}
        if "Content-Type" in request.headers:
            headers["Content-Type"] = request.headers["Content-Type"]
        signed = AWSRequest(request.method, str(request.url), headers, request.content)
        SigV4Auth(self._credentials.get_frozen_credentials(), service, self._region).add_auth(
            signed
        )
        request.headers.update(dict(signed.headers.items()))
        yield request


def _service_of(host: str) -> str:
    return "lambda" if ".lambda-url." in host else "execute-api"
