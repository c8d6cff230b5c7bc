"""Environment values as their owners manage them."""

from typing import Final

from dalsegno.errors import NotFoundError
from dalsegno.models import EnvironmentVariable
from dalsegno_state.engine.named_values import check_name, check_value
from dalsegno_state.ports import Secrets

# What AWS's parameter store takes without being paid for it.
_MOST_BYTES: Final = 4096


class ManagedEnvironment:
    """Puts, reads, lists and deletes what ``${workflow.env.NAME}`` stands for."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def variables(self) -> list[EnvironmentVariable]:
        """Return all values, ordered by name."""
        values = self._secrets.environment_values()
        return [EnvironmentVariable(name=name, value=value) for name, value in values.items()]

    def value(self, name: str) -> str | None:
        """Return a value as it was put, or None."""
        return self._secrets.environment_text(name)

    def put(self, name: str, value: str) -> None:
        """Store a value, replacing that name.

        Raises:
            InvalidRequestError: The name cannot be one, or the value is empty.
            PayloadTooLargeError: The value has more than 4 KB.
        """
        check_name(name)
        check_value(value, most_bytes=_MOST_BYTES)
        self._secrets.put_environment(name, value)

    def delete(self, name: str) -> None:
        """Delete a value; raises NotFoundError if there is none."""
        if not self._secrets.delete_environment(name):
            raise NotFoundError(f"No such environment value found by name: {name[:200]}")
