"""Secrets in Secrets Manager, under the prefix of one deployment."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import code_of, rounds, translated, was_repeated
from dalsegno_state.aws.settings import AwsSettings

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.type_defs import CreateSecretRequestTypeDef

_ABSENT: Final = "ResourceNotFoundException"
_EXISTS: Final = "ResourceExistsException"
# Said of a secret that is marked for deletion, whatever is asked of it.
_MARKED: Final = "InvalidRequestException"
# As long as Secrets Manager must keep what was deleted; a secret put meanwhile is restored.
_RECOVERY_DAYS: Final = 7


class SecretValues:
    """Texts by name; what was deleted can be restored in AWS for a week."""

    def __init__(self, clients: Clients, settings: AwsSettings) -> None:
        self._clients = clients
        self._prefix = settings.secret_prefix
        self._key = settings.customer_key

    def text(self, name: str) -> str | None:
        """Return a secret, or None."""
        with translated(f"reading the secret {name}"):
            try:
                reply = self._clients.secrets_manager.get_secret_value(SecretId=self._prefix + name)
            except ClientError as error:
                if code_of(error) in {_ABSENT, _MARKED}:
                    return None
                raise
        if "SecretString" in reply:
            return reply["SecretString"]
        return reply["SecretBinary"].decode(errors="replace")

    def exists(self, name: str) -> bool:
        """Return whether there is such a secret."""
        with translated(f"looking for the secret {name}"):
            try:
                reply = self._clients.secrets_manager.describe_secret(SecretId=self._prefix + name)
            except ClientError as error:
                if code_of(error) == _ABSENT:
                    return False
                raise
        return "DeletedDate" not in reply

    def names(self) -> list[str]:
        """Return the names of all secrets, ordered."""
        with translated("listing the secrets"):
            pages = self._clients.secrets_manager.get_paginator("list_secrets").paginate(
                Filters=[{"Key": "name", "Values": [self._prefix]}],
                PaginationConfig={"PageSize": 100},
            )
            found = [secret["Name"] for page in pages for secret in page["SecretList"]]
        return sorted(
            name.removeprefix(self._prefix) for name in found if name.startswith(self._prefix)
        )

    def put(self, name: str, value: str) -> None:
        """Store a secret, new or not; one that was just deleted comes back with this value."""
        doing = f"writing the secret {name}"
        for _ in rounds(doing):
            with translated(doing):
                if self._replace(name, value) or self._create(name, value):
                    return

    def delete(self, name: str) -> bool:
        """Mark a secret for deletion; return whether there was one."""
        with translated(f"deleting the secret {name}"):
            try:
                self._clients.secrets_manager.delete_secret(
                    SecretId=self._prefix + name, RecoveryWindowInDays=_RECOVERY_DAYS
                )
            except ClientError as error:
                if code_of(error) in {_ABSENT, _MARKED}:
                    return was_repeated(error)
                raise
        return True

    def _replace(self, name: str, value: str) -> bool:
        """Give a secret another value; return False if there is no such secret."""
        secret_id = self._prefix + name
        try:
            self._clients.secrets_manager.put_secret_value(SecretId=secret_id, SecretString=value)
        except ClientError as error:
            if code_of(error) == _ABSENT:
                return False
            if code_of(error) != _MARKED:
                raise
            self._clients.secrets_manager.restore_secret(SecretId=secret_id)
            self._clients.secrets_manager.put_secret_value(SecretId=secret_id, SecretString=value)
        return True

    def _create(self, name: str, value: str) -> bool:
        """Store a new secret; return False if somebody else just did."""
        request: CreateSecretRequestTypeDef = {"Name": self._prefix + name, "SecretString": value}
        if self._key:
            request["KmsKeyId"] = self._key
        try:
            self._clients.secrets_manager.create_secret(**request)
        except ClientError as error:
            if code_of(error) == _EXISTS:
                return False
            raise
        return True
