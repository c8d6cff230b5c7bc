"""Secrets as their owners manage them."""

from collections.abc import Sequence
from typing import Final

from dalsegno.errors import NotFoundError
from dalsegno.models import Tag, TaggedName
from dalsegno_state.engine.named_values import check_name, check_value
from dalsegno_state.engine.tags import Tags
from dalsegno_state.ports import Secrets

# What Secrets Manager takes.
_MOST_BYTES: Final = 65_536
_TAKEN: Final = frozenset({"v2"})
_KIND: Final = "secret"


class ManagedSecrets:
    """Puts, reads, lists and deletes secrets, and tags them; workflows name them in expressions."""

    def __init__(self, secrets: Secrets, tags: Tags) -> None:
        self._secrets = secrets
        self._tags = tags

    def names(self) -> list[str]:
        """Return the names of all secrets, ordered."""
        return self._secrets.secret_names()

    def names_with_tags(self) -> list[TaggedName]:
        """Return the names of all secrets, ordered, with their tags."""
        tags = self._tags.of_all(_KIND)
        return [TaggedName(name=name, tags=tags.get(name, [])) for name in self.names()]

    def value(self, name: str) -> str:
        """Return a secret as it was put; raises NotFoundError."""
        value = self._secrets.secret_text(name)
        if value is None:
            raise _absent(name)
        return value

    def exists(self, name: str) -> bool:
        """Return whether there is such a secret."""
        return self._secrets.secret_exists(name)

    def put(self, name: str, value: str) -> None:
        """Store a secret without the newline at its end, replacing that name.

        Files and pipes end in a newline that nobody means, and no header may hold one.

        Raises:
            InvalidRequestError: The name cannot be one, or the value is empty.
            PayloadTooLargeError: The value has more than 64 KB.
        """
        check_name(name, taken=_TAKEN)
        value = value.removesuffix("\n").removesuffix("\r")
        check_value(value, most_bytes=_MOST_BYTES)
        self._secrets.put_secret(name, value)

    def delete(self, name: str) -> None:
        """Delete a secret and its tags; raises NotFoundError if there is none."""
        self._tags.forget(_KIND, name)  # first: a secret of that name to come must not get them
        if not self._secrets.delete_secret(name):
            raise _absent(name)

    def tags(self, name: str) -> list[Tag]:
        """Return the tags of a secret; raises NotFoundError if there is none."""
        self._require(name)
        return self._tags.of(_KIND, name)

    def put_tags(self, name: str, tags: Sequence[Tag]) -> None:
        """Replace the tags of a secret.

        Raises:
            InvalidRequestError: They are too many, or one of them is too long.
            NotFoundError: There is no such secret.
        """
        self._require(name)
        self._tags.put(_KIND, name, tags)

    def delete_tags(self, name: str, tags: Sequence[Tag]) -> None:
        """Delete tags of a secret; raises NotFoundError if there is no such secret."""
        self._require(name)
        self._tags.delete(_KIND, name, tags)

    def _require(self, name: str) -> None:
        if not self._secrets.secret_exists(name):
            raise _absent(name)


def _absent(name: str) -> NotFoundError:
    return NotFoundError(f"No such secret found by name: {name[:200]}")
