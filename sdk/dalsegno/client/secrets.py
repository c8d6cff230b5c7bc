"""Secrets: values for ``${workflow.secrets.NAME}``."""

from typing import ClassVar

from dalsegno.client.call import TEXT, Call, path, reads, reads_nothing, reads_text, sends_text
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.client.tags import TagCalls
from dalsegno.models import TaggedName


class SecretCalls(TagCalls):
    """Keeps secrets."""

    _thing: ClassVar[str] = "/secrets/{}"

    @operation
    def put(self, name: str, value: str) -> Call[None]:
        """Store a secret, new or not. Raises InvalidRequestError, PayloadTooLargeError."""
        return Call(
            "PUT",
            path("/secrets/{}", name),
            reads_nothing,
            body=sends_text(value),
            content_type=TEXT,
            repeatable=True,
        )

    @operation
    def get(self, name: str) -> Call[str]:
        """Return the value of a secret. Raises NotFoundError."""
        return Call("GET", path("/secrets/{}", name), reads_text, repeatable=True)

    @operation
    def exists(self, name: str) -> Call[bool]:
        """Return whether there is a secret."""
        return Call("GET", path("/secrets/{}/exists", name), reads(bool), repeatable=True)

    @operation
    def names(self) -> Call[list[str]]:
        """Return the names of all secrets."""
        return Call("GET", "/secrets", reads(list[str]), repeatable=True)

    @operation
    def names_with_tags(self) -> Call[list[TaggedName]]:
        """Return the names of all secrets, with their tags."""
        return Call("GET", "/secrets-v2", reads(list[TaggedName]), repeatable=True)

    @operation
    def delete(self, name: str) -> Call[None]:
        """Forget a secret and its tags. Raises NotFoundError."""
        return Call("DELETE", path("/secrets/{}", name), reads_nothing)


class Secrets(Group, SecretCalls):
    """See ``SecretCalls``."""


class AsyncSecrets(AsyncGroup, SecretCalls):
    """See ``SecretCalls``; awaited."""
