"""What a test of a workflow fails with, apart from its own assertions."""


class UnmockedTaskError(AssertionError):
    """A task came up that nobody in the test does; the message names it and the fix."""


class UnknownMockError(ValueError):
    """A mock fits no task of the workflow; the message names those that it could be meant for."""


class EndlessRunError(AssertionError):
    """The workflow goes on and on; the message shows how it came so far."""
