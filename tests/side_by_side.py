"""Several things at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def side_by_side(*deeds: Callable[[], None]) -> None:
    """Do each in a thread of its own, to its end; raise together what any of them raised."""
    with ThreadPoolExecutor(len(deeds)) as pool:
        begun = [pool.submit(deed) for deed in deeds]
    failures = [failure for each in begun if (failure := each.exception())]
    if failures:
        raise BaseExceptionGroup(f"{len(failures)} of {len(deeds)} failed", failures)
