"""Environment values in the parameter store, under the prefix of one deployment."""

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from dalsegno.errors import InvalidRequestError
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import code_of, translated, was_repeated
from dalsegno_state.aws.settings import AwsSettings

if TYPE_CHECKING:
    from mypy_boto3_ssm.type_defs import PutParameterRequestTypeDef

_REFUSED: Final = "ValidationException"
# The parameter store answers a name that no parameter can have with a ValidationException.
_ABSENT: Final = frozenset({"ParameterNotFound", _REFUSED})


class EnvironmentValues:
    """Texts by name; encrypted if the account has a key of its own for what is Dalsegno's."""

    def __init__(self, clients: Clients, settings: AwsSettings) -> None:
        self._clients = clients
        self._prefix = settings.parameter_prefix
        self._key = settings.customer_key

    def text(self, name: str) -> str | None:
        """Return a value, or None."""
        with translated(f"reading the environment value {name}"):
            try:
                reply = self._clients.ssm.get_parameter(
                    Name=self._prefix + name, WithDecryption=True
                )
            except ClientError as error:
                if code_of(error) in _ABSENT:
                    return None
                raise
        return reply["Parameter"].get("Value", "")

    def all(self) -> dict[str, str]:
        """Return all values, ordered by name."""
        with translated("listing the environment values"):
            pages = self._clients.ssm.get_paginator("get_parameters_by_path").paginate(
                Path=self._prefix, Recursive=True, WithDecryption=True
            )
            found = {
                parameter["Name"].removeprefix(self._prefix): parameter.get("Value", "")
                for page in pages
                for parameter in page["Parameters"]
            }
        return dict(sorted(found.items()))

    def put(self, name: str, value: str) -> None:
        """Store a value; raises InvalidRequestError if the parameter store does not take it."""
        request: PutParameterRequestTypeDef = {
            "Name": self._prefix + name,
            "Value": value,
            "Overwrite": True,
            "Type": "String",
        }
        if self._key:
            request |= {"Type": "SecureString", "KeyId": self._key}
        with translated(f"writing the environment value {name}"):
            try:
                self._clients.ssm.put_parameter(**request)
            except ClientError as error:
                if code_of(error) != _REFUSED:
                    raise
                raise InvalidRequestError(
                    f"environment value {name}: AWS's parameter store does not take it; "
                    "it takes up to 4 KB, and nothing in double braces"
                ) from error

    def delete(self, name: str) -> bool:
        """Delete a value; return whether there was one."""
        with translated(f"deleting the environment value {name}"):
            try:
                self._clients.ssm.delete_parameter(Name=self._prefix + name)
            except ClientError as error:
                if code_of(error) in _ABSENT:
                    return was_repeated(error)
                raise
        return True
