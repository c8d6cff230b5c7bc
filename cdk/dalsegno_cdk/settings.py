"""What can be chosen about a deployment, checked before anything is deployed."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import from_json

from dalsegno_functions.auth.iam_callers import IamCallers

LOCAL_STAGE: Final = "local"

Python: TypeAlias = Literal["3.11", "3.12", "3.13", "3.14"]
"""A version of Python that Lambda runs."""

_LOG_RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
_HOST: Final = r"[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9][a-z0-9-]{0,62})+"
_CERTIFICATE: Final = r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[a-zA-Z0-9-]+"
_TOPIC: Final = r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}"


class SettingsError(Exception):
    """Settings that make no sense; the message names each of them."""


class AuthMode(StrEnum):
    """How callers of the API prove who they are."""

    IAM = "iam"
    KEYS = "keys"
    JWT = "jwt"
    NONE = "none"
    """Anybody may do anything: for emulators, in the stage ``local`` only."""


class Endpoint(StrEnum):
    """What takes requests in."""

    HTTP_API = "http-api"
    FUNCTION_URL = "function-url"
    """Costs nothing per request; knows neither ``jwt`` nor domains."""


def _days(value: int) -> int:
    if value not in _LOG_RETENTION_DAYS:
        known = ", ".join(map(str, _LOG_RETENTION_DAYS))
        raise ValueError(f"CloudWatch keeps logs for one of {known} days, not {value}")
    return value


def _iam_roles(value: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    IamCallers(value)  # raises what the functions would
    return value


class DalsegnoSettings(BaseModel):
    """Settings of one deployment.

    Attributes:
        stage: Tells deployments in one account apart; part of all names.
        jwt_issuer: URL of the issuer of the tokens that mode ``jwt`` accepts.
        jwt_audience: What such a token must have been issued for.
        jwt_role_claim: Claim that tells what the bearer of such a token may do.
        jwt_role_prefix: What a word of that claim begins with if it is a role of Dalsegno's.
        iam_roles: Mode ``iam``: addresses of IAM roles and users, ``*`` for any characters, and
            what each may do: ``admin``, ``operator``, ``starter``, ``reader``, ``worker`` or
            ``worker:charge_card,send_mail``. In the context, a JSON object.
        domain: Name the API is to have beside that of AWS; needs ``certificate_arn``.
        retention_days: How long executions are kept from their end; 0 for ever.
        archive: Write executions to the bucket, as JSON, before they are removed.
        keep_data: Tables and bucket outlive the stack, and cannot be deleted by mistake.
        customer_key: Encrypt with a KMS key of this account instead of AWS's own.
        http_allows_private: HTTP tasks may call loopback and private addresses.
        alarm_topic_arn: SNS topic that alarms tell; without one they only show.
        python: Version of the Lambda runtime.
        evaluator_concurrency: Up to how many invocations take messages of each of the evaluator's
            queues at once, so that a backlog leaves room for everything else in the account.
        system_concurrency: The same for each of the two queues of system tasks; HTTP is one.
        trigger_concurrency: The same for the queue of triggers.
        poll_concurrency: Reserved for the function that hands out tasks, and its ceiling; calls
            beyond it are refused. None shares what is left in the account.
        sweeper_concurrency: Reserved for the sweeper, so that nothing else in the account stops
            it. None by default, since a new account's quota leaves nothing to reserve.
        api_requests_per_second: At the gateway, over all routes; those beyond are answered 429.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    stage: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,15}$")] = "dev"
    auth: AuthMode = AuthMode.IAM
    jwt_issuer: Annotated[str | None, Field(pattern=r"^https://\S+$")] = None
    jwt_audience: tuple[str, ...] = ()
    jwt_role_claim: Annotated[str, Field(min_length=1)] = "dalsegno_role"
    jwt_role_prefix: Annotated[str, Field(pattern=r"^\S*$")] = ""
    iam_roles: Annotated[tuple[tuple[str, str], ...], AfterValidator(_iam_roles)] = ()
    endpoint: Endpoint = Endpoint.HTTP_API
    domain: Annotated[str | None, Field(pattern=f"^{_HOST}$", max_length=253)] = None
    certificate_arn: Annotated[str | None, Field(pattern=f"^{_CERTIFICATE}$")] = None
    log_retention_days: Annotated[int, AfterValidator(_days)] = 30
    retention_days: Annotated[int, Field(ge=0, le=36_500)] = 30
    archive: bool = False
    keep_data: bool = True
    customer_key: bool = False
    tracing: bool = False
    http_allows_private: bool = False
    alarm_topic_arn: Annotated[str | None, Field(pattern=f"^{_TOPIC}$")] = None
    architecture: Literal["arm64", "x86_64"] = "arm64"
    python: Python = "3.13"
    evaluator_concurrency: Annotated[int, Field(ge=2, le=1_000)] = 100
    system_concurrency: Annotated[int, Field(ge=2, le=1_000)] = 50
    trigger_concurrency: Annotated[int, Field(ge=2, le=1_000)] = 50
    poll_concurrency: Annotated[int | None, Field(ge=1)] = None
    sweeper_concurrency: Annotated[int | None, Field(ge=1)] = None
    api_requests_per_second: Annotated[int | None, Field(ge=1)] = None

    @field_validator("jwt_audience", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Return the members of a list written with commas, as ``-c`` can only give text."""
        return tuple(filter(None, re.split(r"[,\s]+", value))) if isinstance(value, str) else value

    @field_validator("iam_roles", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        """Return the pairs of a mapping, which ``-c`` gives as JSON."""
        mapping = from_json(value) if isinstance(value, str) else value
        return tuple(mapping.items()) if isinstance(mapping, Mapping) else mapping

    @model_validator(mode="after")
    def _agree(self) -> Self:
        """Refuse settings that contradict each other."""
        _require(self.auth is not AuthMode.JWT or self.jwt_issuer, "jwtIssuer", "auth is jwt")
        _require(self.auth is not AuthMode.JWT or self.jwt_audience, "jwtAudience", "auth is jwt")
        _require(not self.domain or self.certificate_arn, "certificateArn", "there is a domain")
        if self.auth is AuthMode.NONE and self.stage != LOCAL_STAGE:
            raise ValueError(f"auth: none lets anybody in; only stage {LOCAL_STAGE} may have it")
        if self.endpoint is Endpoint.FUNCTION_URL and self.auth is AuthMode.JWT:
            raise ValueError("endpoint: a function-url checks no tokens; auth jwt needs http-api")
        if self.endpoint is Endpoint.FUNCTION_URL and self.api_requests_per_second:
            raise ValueError("apiRequestsPerSecond: a function-url has no throttle; use http-api")
        if self.endpoint is Endpoint.FUNCTION_URL and self.domain:
            raise ValueError("endpoint: a function-url has no domain; use http-api")
        return self

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Self:
        """Return the settings found in a CDK context, which holds much else.

        Raises:
            SettingsError: A value makes no sense, or a key looks like a misspelt setting.
        """
        known = [to_camel(name) for name in cls.model_fields]
        for key in context:
            close = [] if key in known else get_close_matches(key, known, n=1, cutoff=0.8)
            if close:
                raise SettingsError(f"{key}: there is no such setting; did you mean {close[0]}?")
        try:
            return cls.model_validate({key: context[key] for key in known if key in context})
        except ValidationError as error:
            raise SettingsError(_told(error)) from error

    @property
    def queue_prefix(self) -> str:
        """What the names of all queues begin with; no stage's is the beginning of another's."""
        return f"dalsegno-{self.stage}-"

    @property
    def secret_prefix(self) -> str:
        """What the names of secrets in Secrets Manager begin with."""
        return f"dalsegno/{self.stage}/"

    @property
    def parameter_prefix(self) -> str:
        """What the names of environment values in the parameter store begin with."""
        return f"/dalsegno/{self.stage}/"


def _require(holds: object, setting: str, because: str) -> None:
    if not holds:
        raise ValueError(f"{setting}: needed when {because}")


def _told(error: ValidationError) -> str:
    told = []
    for item in error.errors(include_url=False, include_context=False):
        name = ".".join(map(str, item["loc"]))
        message = item["msg"].removeprefix("Value error, ")
        told.append(f"{name}: {message}, got {item['input']!r}" if name else message)
    return "; ".join(told)
