"""Services that are not there: whoever asks for them is told what to do about it."""

from typing import NoReturn

from dalsegno_state.ports import OutgoingEvent, ServiceCallError, Services


class NoPublisher:
    """See ``EventPublisher``; for where there is no AWS."""

    def publish(self, event: OutgoingEvent) -> NoReturn:
        """Raise ``ServiceCallError``."""
        raise ServiceCallError(
            f"{event.service} needs AWS: set AWS_REGION and credentials, and install "
            "dalsegno[aws]; or use the sink conductor",
            is_final=True,
        )


class NoFunctions:
    """See ``FunctionInvoker``; for where no result of a function could come back."""

    def invoke(self, function: str, payload: bytes) -> NoReturn:
        """Raise ``ServiceCallError``."""
        raise ServiceCallError(
            "functions are invoked by deployments on AWS only, because their results come back "
            "through a queue there; here, do the work in a worker",
            is_final=True,
        )


def no_services() -> Services:
    """Return services that refuse everything."""
    return Services(events=NoPublisher(), functions=NoFunctions())
