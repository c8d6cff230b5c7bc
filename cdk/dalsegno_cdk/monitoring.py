"""Alarms on what must not last, and a dashboard of what goes on."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from dalsegno_cdk.functions import Functions
from dalsegno_cdk.messaging import Messaging
from dalsegno_cdk.settings import DalsegnoSettings
from dalsegno_cdk.storage import Storage
from dalsegno_functions.observability import FAULTS_OF, MANY_FAULTS

_MINUTE = Duration.minutes(1)
_FIVE_MINUTES = Duration.minutes(5)
# A due workflow waits for a sweep at most; twice that means that sweeps are missing.
_LATE_MILLIS = 120_000


class Monitoring(Construct):
    """Alarms and a dashboard.

    CloudWatch bills an alarm for each metric that it watches: these are ten in all. What an alarm
    on each queue and function would tell besides shows in the dashboard.

    Args:
        failed_requests: How many requests the endpoint has answered with 5xx.

    Attributes:
        alarms: All of them; they tell the topic of the settings, if there is one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DalsegnoSettings,
        storage: Storage,
        messaging: Messaging,
        functions: Functions,
        failed_requests: cloudwatch.Metric,
    ) -> None:
        super().__init__(scope, construct_id)
        self._failed_requests = failed_requests
        self._namespace = f"Dalsegno/{settings.stage}"
        self._messaging = messaging
        self._functions = functions
        self._storage = storage
        self.alarms = [
            *self._dead_letter_alarms(),
            self._fault_alarm(),
            *self._account_alarms(),
            self._lateness_alarm(),
            *self._throttle_alarms(),
            self._api_alarm(),
        ]
        if settings.alarm_topic_arn is not None:
            topic = sns.Topic.from_topic_arn(self, "Topic", settings.alarm_topic_arn)
            for alarm in self.alarms:
                alarm.add_alarm_action(actions.SnsAction(topic))
        self.dashboard = cloudwatch.Dashboard(
            self, "Dashboard", dashboard_name=f"dalsegno-{settings.stage}", widgets=self._rows()
        )

    def _dead_letter_alarms(self) -> list[cloudwatch.Alarm]:
        """Return the alarms on messages that nothing but their dead letters brings back."""
        only_copies = (self._messaging.results, self._messaging.triggers, self._messaging.events)
        return [
            self._alarm(
                f"{work.node.id}DeadLetters",
                work.dead_letters.metric_approximate_number_of_messages_visible(
                    period=_MINUTE, statistic="Maximum"
                ),
                1,
                "messages failed for good",
            )
            for work in only_copies
        ]

    def _fault_alarm(self) -> cloudwatch.Alarm:
        faults = self._measure("Faults", "Sum", service=FAULTS_OF, period=_FIVE_MINUTES)
        return self._alarm(
            "Faults", faults, MANY_FAULTS, "messages or removals fail, or run in circles"
        )

    def _account_alarms(self) -> list[cloudwatch.Alarm]:
        """Return the alarms on what concerns every function of the account in this Region."""
        throttles = lambda_.Function.metric_all_throttles(period=_FIVE_MINUTES, statistic="Sum")
        dropped = cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name="RecursiveInvocationsDropped",
            statistic="Sum",
            period=_FIVE_MINUTES,
        )
        return [
            self._alarm("Throttles", throttles, 1, "Lambda refuses invocations", times=3),
            self._alarm("RecursionDropped", dropped, 1, "Lambda took a chain for a loop"),
        ]

    def _lateness_alarm(self) -> cloudwatch.Alarm:
        lateness = self._measure("SweeperLateness", "Maximum", service="sweeper")
        # No data is as bad: the sweeper measures each minute, or it does not run.
        return self._alarm(
            "SweeperLate",
            lateness,
            _LATE_MILLIS,
            "due workflows are looked at late, or not at all",
            times=5,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )

    def _throttle_alarms(self) -> list[cloudwatch.Alarm]:
        """Return the alarms on refused writes, which count for the table and its indexes alike."""
        return [
            self._alarm(
                f"{operation}Throttles",
                cloudwatch.Metric(
                    namespace="AWS/DynamoDB",
                    metric_name="ThrottledRequests",
                    dimensions_map={
                        "TableName": self._storage.executions.table_name,
                        "Operation": operation,
                    },
                    statistic="Sum",
                    period=_FIVE_MINUTES,
                ),
                100,
                "the table refuses writes",
                times=3,
            )
            for operation in ("PutItem", "UpdateItem")
        ]

    def _api_alarm(self) -> cloudwatch.Alarm:
        failed = self._failed_requests.with_(period=_FIVE_MINUTES, statistic="Sum")
        return self._alarm("ApiFaults", failed, 1, "requests are answered with 5xx")

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        meaning: str,
        *,
        times: int = 1,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            name,
            metric=metric,
            threshold=threshold,
            evaluation_periods=times,
            comparison_operator=(cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD),
            treat_missing_data=missing,
            alarm_description=f"Dalsegno: {meaning}; docs/operations.md says what to do.",
        )

    def _measure(
        self,
        name: str,
        statistic: str,
        *,
        service: str | None = None,
        period: Duration = _MINUTE,
    ) -> "Measure":
        """Return a metric that the functions write; summed up over them, if none is named."""
        if service is not None:
            return cloudwatch.Metric(
                namespace=self._namespace,
                metric_name=name,
                dimensions_map={"service": service},
                statistic=statistic,
                period=period,
            )
        search = f"SEARCH('{{{self._namespace},service}} MetricName=\"{name}\"', '{statistic}')"
        whole = f"SUM({search})" if statistic == "Sum" else search
        return cloudwatch.MathExpression(
            expression=whole, label=name, period=period, using_metrics={}
        )

    def _rows(self) -> list[list[cloudwatch.IWidget]]:
        work = self._messaging.all
        functions = [each.function for each in self._functions.all]
        return [
            [
                _graph(
                    "Workflows",
                    self._measure("WorkflowsStarted", "Sum"),
                    self._measure("WorkflowsCompleted", "Sum"),
                    self._measure("WorkflowsFailed", "Sum"),
                ),
                _graph("Task latency, p50 and p99 (ms)", *self._latencies()),
                _graph("Sweeper: how late (ms)", self._measure("SweeperLateness", "Maximum")),
            ],
            [
                _graph(
                    "Age of the oldest message (s)",
                    *(w.queue.metric_approximate_age_of_oldest_message() for w in work),
                ),
                _graph(
                    "Dead letters",
                    *(w.dead_letters.metric_approximate_number_of_messages_visible() for w in work),
                ),
                _graph("Throttled", *(function.metric_throttles() for function in functions)),
            ],
            [
                _graph("Invocations", *(function.metric_invocations() for function in functions)),
                _graph("Errors", *(function.metric_errors() for function in functions)),
                _graph("Duration", *(function.metric_duration() for function in functions)),
            ],
        ]

    def _latencies(self) -> list["Measure"]:
        return [self._measure("TaskLatency", statistic) for statistic in ("p50", "p99")]


Measure = cloudwatch.Metric | cloudwatch.MathExpression


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8, height=6)
