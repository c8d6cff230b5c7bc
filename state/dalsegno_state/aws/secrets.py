"""Named values: secrets from Secrets Manager, the environment from the parameter store."""

import json
import re
from collections.abc import Callable
from typing import Final

from botocore.exceptions import ClientError

from dalsegno.models import EpochMillis, JsonValue
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import code_of, translated
from dalsegno_state.aws.settings import AwsSettings
from dalsegno_state.ports import Clock

# A changed value is seen after this long; a secret is asked for at every hand-off.
_KEPT_MS: Final = 60_000
_MOST_KEPT: Final = 1000
_NAME: Final = re.compile(r"[A-Za-z0-9_.@+=/-]{1,256}")
# The parameter store answers a name that no parameter can have with a ValidationException.
_ABSENT: Final = frozenset(
    {"ParameterNotFound", "ResourceNotFoundException", "ValidationException"}
)


class AwsSecrets:
    """See ``Secrets``; who manages the values does so in AWS.

    A value that is the text of a JSON object or array is one; any other is a string, so that a
    password of digits stays as it was typed.
    """

    def __init__(self, clients: Clients, settings: AwsSettings, clock: Clock) -> None:
        self._clients = clients
        self._settings = settings
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[EpochMillis, JsonValue]] = {}

    def secret(self, name: str) -> JsonValue:
        """See ``Secrets.secret``."""
        return self._value("secret", name, self._read_secret)

    def environment(self, name: str) -> JsonValue:
        """See ``Secrets.environment``."""
        return self._value("environment", name, self._read_parameter)

    def _value(self, kind: str, name: str, read: Callable[[str], str]) -> JsonValue:
        if not _NAME.fullmatch(name):
            return None
        now = self._clock.now()
        kept = self._kept.get((kind, name))
        if kept is not None and 0 <= now - kept[0] < _KEPT_MS:
            return kept[1]
        value: JsonValue = None
        with translated(f"reading the {kind} value {name}"):
            try:
                value = _parsed(read(name))
            except ClientError as error:
                if code_of(error) not in _ABSENT:
                    raise
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[(kind, name)] = (now, value)
        return value

    def _read_secret(self, name: str) -> str:
        reply = self._clients.secrets_manager.get_secret_value(
            SecretId=self._settings.secret_prefix + name
        )
        return reply["SecretString"] if "SecretString" in reply else reply["SecretBinary"].decode()

    def _read_parameter(self, name: str) -> str:
        reply = self._clients.ssm.get_parameter(
            Name=self._settings.parameter_prefix + name, WithDecryption=True
        )
        return reply["Parameter"].get("Value", "")


def _parsed(value: str) -> JsonValue:
    if value.lstrip()[:1] not in {"{", "["}:
        return value
    try:
        parsed: JsonValue = json.loads(value)
    except ValueError:
        return value
    return parsed
