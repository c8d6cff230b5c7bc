"""What workers do, counted and timed."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class Metrics(Protocol):
    """Is told what happens; may be called by any thread."""

    def polled(self, task_type: str, tasks: int) -> None:
        """Note a poll, and how many tasks it brought."""
        ...

    def poll_failed(self, task_type: str) -> None:
        """Note a poll without an answer."""
        ...

    def started(self, task_type: str, waited_seconds: float) -> None:
        """Note that a task is in work, and how long it had waited in its queue."""
        ...

    def ended(self, task_type: str, outcome: str, seconds: float) -> None:
        """Note that a task is not in work any more.

        Args:
            task_type: Its type.
            outcome: ``COMPLETED``, ``FAILED``, ``FAILED_WITH_TERMINAL_ERROR``, ``IN_PROGRESS`` if
                it comes back, ``CANCELED`` if nobody wants it any more.
            seconds: How long the function ran.
        """
        ...

    def result_lost(self, task_type: str) -> None:
        """Note a result that the server will never take."""
        ...


class NoMetrics:
    """See ``Metrics``; nothing is counted."""

    def polled(self, task_type: str, tasks: int) -> None:
        """See ``Metrics.polled``."""

    def poll_failed(self, task_type: str) -> None:
        """See ``Metrics.poll_failed``."""

    def started(self, task_type: str, waited_seconds: float) -> None:
        """See ``Metrics.started``."""

    def ended(self, task_type: str, outcome: str, seconds: float) -> None:
        """See ``Metrics.ended``."""

    def result_lost(self, task_type: str) -> None:
        """See ``Metrics.result_lost``."""


class PrometheusMetrics:
    """See ``Metrics``; needs the extra ``metrics``.

    Args:
        registry: Where the metrics are entered; that of the process if absent.
    """

    def __init__(self, registry: "CollectorRegistry | None" = None) -> None:
        try:
            import prometheus_client as prometheus
        except ImportError as error:
            raise ImportError(
                "metrics for Prometheus need its client: pip install 'dalsegno[metrics]'"
            ) from error
        self._registry = registry or prometheus.REGISTRY
        by_type = ["task_type"]
        self._polls = prometheus.Counter(
            "dalsegno_worker_polls", "Polls answered", by_type, registry=self._registry
        )
        self._tasks = prometheus.Counter(
            "dalsegno_worker_polled_tasks", "Tasks taken", by_type, registry=self._registry
        )
        self._poll_errors = prometheus.Counter(
            "dalsegno_worker_poll_errors", "Polls not answered", by_type, registry=self._registry
        )
        self._lost = prometheus.Counter(
            "dalsegno_worker_lost_results", "Results never taken", by_type, registry=self._registry
        )
        self._in_flight = prometheus.Gauge(
            "dalsegno_worker_in_flight", "Tasks in work", by_type, registry=self._registry
        )
        self._waits = prometheus.Histogram(
            "dalsegno_worker_queue_wait_seconds",
            "Time from schedule to work",
            by_type,
            registry=self._registry,
        )
        self._durations = prometheus.Histogram(
            "dalsegno_worker_duration_seconds",
            "Time in the function",
            [*by_type, "outcome"],
            registry=self._registry,
        )

    def polled(self, task_type: str, tasks: int) -> None:
        """See ``Metrics.polled``."""
        self._polls.labels(task_type).inc()
        self._tasks.labels(task_type).inc(tasks)

    def poll_failed(self, task_type: str) -> None:
        """See ``Metrics.poll_failed``."""
        self._poll_errors.labels(task_type).inc()

    def started(self, task_type: str, waited_seconds: float) -> None:
        """See ``Metrics.started``."""
        self._in_flight.labels(task_type).inc()
        self._waits.labels(task_type).observe(waited_seconds)

    def ended(self, task_type: str, outcome: str, seconds: float) -> None:
        """See ``Metrics.ended``."""
        self._in_flight.labels(task_type).dec()
        self._durations.labels(task_type, outcome).observe(seconds)

    def result_lost(self, task_type: str) -> None:
        """See ``Metrics.result_lost``."""
        self._lost.labels(task_type).inc()

    def serve(self, port: int, host: str = "127.0.0.1") -> None:
        """Answer ``GET /metrics`` for as long as the process lives."""
        import prometheus_client as prometheus

        prometheus.start_http_server(port, addr=host, registry=self._registry)
