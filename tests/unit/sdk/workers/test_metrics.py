"""What Prometheus is told of workers."""

import pytest

from dalsegno.workers import PrometheusMetrics

prometheus = pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")


def test_counts_times_and_tasks_in_work() -> None:
    registry = prometheus.CollectorRegistry()
    metrics = PrometheusMetrics(registry)

    metrics.polled("play", 2)
    metrics.started("play", 0.5)
    metrics.started("play", 0.5)
    metrics.ended("play", "COMPLETED", 2.0)
    metrics.poll_failed("play")
    metrics.result_lost("play")

    def value(name: str, **labels: str) -> float | None:
        found: float | None = registry.get_sample_value(
            f"dalsegno_worker_{name}", {"task_type": "play", **labels}
        )
        return found

    assert value("polls_total") == 1
    assert value("polled_tasks_total") == 2
    assert value("in_flight") == 1
    assert value("queue_wait_seconds_sum") == 1
    assert value("duration_seconds_sum", outcome="COMPLETED") == 2
    assert (value("poll_errors_total"), value("lost_results_total")) == (1, 1)
