"""Named values: secrets from Secrets Manager, the environment from the parameter store."""

import re
from collections.abc import Callable
from typing import Final

from dalsegno.models import EpochMillis, JsonValue
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.environment_values import EnvironmentValues
from dalsegno_state.aws.secret_values import SecretValues
from dalsegno_state.aws.settings import AwsSettings
from dalsegno_state.named_values import seen
from dalsegno_state.ports import Clock

# A changed value is seen after this long; a secret is asked for at every hand-off.
_KEPT_MS: Final = 60_000
_MOST_KEPT: Final = 1000
_NAME: Final = re.compile(r"[A-Za-z0-9_.@+=/-]{1,256}")


class AwsSecrets:
    """See ``Secrets``; values may as well be managed in AWS itself."""

    def __init__(self, clients: Clients, settings: AwsSettings, clock: Clock) -> None:
        self._secrets = SecretValues(clients, settings)
        self._environment = EnvironmentValues(clients, settings)
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[EpochMillis, JsonValue]] = {}

    def secret(self, name: str) -> JsonValue:
        """See ``Secrets.secret``."""
        return self._seen("secret", name, self.secret_text)

    def secret_text(self, name: str) -> str | None:
        """See ``Secrets.secret_text``."""
        return self._secrets.text(name) if _NAME.fullmatch(name) else None

    def secret_exists(self, name: str) -> bool:
        """See ``Secrets.secret_exists``."""
        return bool(_NAME.fullmatch(name)) and self._secrets.exists(name)

    def secret_names(self) -> list[str]:
        """See ``Secrets.secret_names``."""
        return self._secrets.names()

    def put_secret(self, name: str, value: str) -> None:
        """See ``Secrets.put_secret``."""
        self._secrets.put(name, value)
        self._kept.pop(("secret", name), None)

    def delete_secret(self, name: str) -> bool:
        """See ``Secrets.delete_secret``."""
        deleted = bool(_NAME.fullmatch(name)) and self._secrets.delete(name)
        self._kept.pop(("secret", name), None)
        return deleted

    def environment(self, name: str) -> JsonValue:
        """See ``Secrets.environment``."""
        return self._seen("environment", name, self.environment_text)

    def environment_text(self, name: str) -> str | None:
        """See ``Secrets.environment_text``."""
        return self._environment.text(name) if _NAME.fullmatch(name) else None

    def environment_values(self) -> dict[str, str]:
        """See ``Secrets.environment_values``."""
        return self._environment.all()

    def put_environment(self, name: str, value: str) -> None:
        """See ``Secrets.put_environment``."""
        self._environment.put(name, value)
        self._kept.pop(("environment", name), None)

    def delete_environment(self, name: str) -> bool:
        """See ``Secrets.delete_environment``."""
        deleted = bool(_NAME.fullmatch(name)) and self._environment.delete(name)
        self._kept.pop(("environment", name), None)
        return deleted

    def _seen(self, kind: str, name: str, read: Callable[[str], str | None]) -> JsonValue:
        now = self._clock.now()
        kept = self._kept.get((kind, name))
        if kept is not None and 0 <= now - kept[0] < _KEPT_MS:
            return kept[1]
        value = seen(read(name))
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[(kind, name)] = (now, value)
        return value
