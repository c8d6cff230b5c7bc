"""Each alarm watches a metric that AWS documents, or that the functions write."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any

import pytest

from dalsegno_functions import observability
from dalsegno_functions.observability import FAULTS_OF, MANY_FAULTS, Measure

Find = Callable[..., dict[str, dict[str, Any]]]

_OWN = "Dalsegno/dev"
# From the pages "metrics and dimensions" of each service. A metric exists with these dimensions
# only: an alarm on any others waits for data that never comes.
DOCUMENTED: dict[tuple[str, str], tuple[frozenset[str], ...]] = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): (frozenset({"QueueName"}),),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): (frozenset({"QueueName"}),),
    ("AWS/Lambda", "Throttles"): (frozenset(), frozenset({"FunctionName"})),
    ("AWS/Lambda", "Errors"): (frozenset(), frozenset({"FunctionName"})),
    ("AWS/Lambda", "RecursiveInvocationsDropped"): (frozenset(), frozenset({"FunctionName"})),
    ("AWS/Lambda", "Url5xxCount"): (frozenset({"FunctionName"}),),
    ("AWS/ApiGateway", "5xx"): (frozenset({"ApiId"}), frozenset({"ApiId", "Stage"})),
    ("AWS/DynamoDB", "ThrottledRequests"): (frozenset({"TableName", "Operation"}),),
    ("AWS/DynamoDB", "WriteThrottleEvents"): (
        frozenset({"TableName"}),
        frozenset({"TableName", "GlobalSecondaryIndexName"}),
    ),
    (_OWN, "SweeperLateness"): (frozenset({"service"}),),
    (_OWN, "Faults"): (frozenset({"service"}),),
}


def _watched(alarm: dict[str, Any]) -> Iterator[tuple[str, str, frozenset[str]]]:
    properties = alarm["Properties"]
    queries = [
        each["MetricStat"]["Metric"]
        for each in properties.get("Metrics", ())
        if "MetricStat" in each
    ]
    for metric in queries or [properties]:
        names = frozenset(each["Name"] for each in metric.get("Dimensions", ()))
        yield metric["Namespace"], metric["MetricName"], names


ENDPOINTS = pytest.mark.parametrize("endpoint", ["http-api", "function-url"])


@ENDPOINTS
def test_every_alarm_watches_a_metric_that_exists(resources: Find, endpoint: str) -> None:
    for name, alarm in resources("AWS::CloudWatch::Alarm", endpoint=endpoint).items():
        for namespace, metric, dimensions in _watched(alarm):
            assert dimensions in DOCUMENTED[namespace, metric], name


@ENDPOINTS
def test_an_idle_deployment_pays_for_ten_alarms_at_most(resources: Find, endpoint: str) -> None:
    alarms = resources("AWS::CloudWatch::Alarm", endpoint=endpoint).values()

    assert sum(len(list(_watched(alarm))) for alarm in alarms) <= 10


@ENDPOINTS
def test_what_must_not_last_raises_an_alarm(resources: Find, endpoint: str) -> None:
    alarms = resources("AWS::CloudWatch::Alarm", endpoint=endpoint).values()
    metrics = {metric for alarm in alarms for _, metric, _ in _watched(alarm)}

    assert metrics == {
        "5xx" if endpoint == "http-api" else "Url5xxCount",
        "ApproximateNumberOfMessagesVisible",
        "Faults",
        "RecursiveInvocationsDropped",
        "SweeperLateness",
        "ThrottledRequests",
        "Throttles",
    }


def test_an_expression_names_every_metric_that_it_watches(resources: Find) -> None:
    for alarm in resources("AWS::CloudWatch::Alarm").values():
        metrics = alarm["Properties"].get("Metrics", [])
        expressions = [each["Expression"] for each in metrics if "Expression" in each]
        stats = [each["Id"] for each in metrics if "MetricStat" in each]
        assert all(f"({stat}," in expressions[0] for stat in stats)


# One endless chain that is stopped raises the alarm; it takes several failures of the others.
@pytest.mark.parametrize(
    ("measure", "faults"),
    [
        (Measure.MESSAGES_FAILED, 1),
        (Measure.REMOVALS_FAILED, 1),
        (Measure.CHAINS_STOPPED, MANY_FAULTS),
    ],
)
def test_what_fails_in_any_function_is_counted_where_the_alarm_looks(
    monkeypatch: pytest.MonkeyPatch, measure: Measure, faults: int
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "evaluator")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "evaluator")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", _OWN)
    observability.metrics.cache_clear()
    written = io.StringIO()

    with redirect_stdout(written):
        observability.count(measure)
    observability.metrics.cache_clear()

    (line,) = written.getvalue().splitlines()
    told = json.loads(line)
    (described,) = told["_aws"]["CloudWatchMetrics"]
    assert described["Namespace"] == _OWN
    assert described["Dimensions"] == [["service"]]
    assert told["service"] == FAULTS_OF
    assert told["Faults"] == [faults]
