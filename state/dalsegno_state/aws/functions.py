"""Lambda functions, invoked without waiting for them."""

from botocore.exceptions import BotoCoreError, ClientError

from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import translated
from dalsegno_state.ports import ServiceCallError


class LambdaInvoker:
    """See ``FunctionInvoker``; what comes of an invocation, its destination is told."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def invoke(self, function: str, payload: bytes) -> None:
        """See ``FunctionInvoker.invoke``."""
        try:
            with translated(f"invoking {function}"):
                self._clients.lambda_.invoke(
                    FunctionName=function, InvocationType="Event", Payload=payload
                )
        except (ClientError, BotoCoreError) as error:
            raise ServiceCallError(str(error)) from error
