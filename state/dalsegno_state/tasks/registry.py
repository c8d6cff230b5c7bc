"""The task types the engine knows by itself."""

from collections.abc import Mapping
from typing import Final

from dalsegno_state.task_type import TaskType
from dalsegno_state.tasks.aws_lambda import AwsLambda
from dalsegno_state.tasks.decision import Decision
from dalsegno_state.tasks.do_while import DoWhile
from dalsegno_state.tasks.dynamic import Dynamic
from dalsegno_state.tasks.event import Event
from dalsegno_state.tasks.exclusive_join import ExclusiveJoin
from dalsegno_state.tasks.fork_join import ForkJoin
from dalsegno_state.tasks.fork_join_dynamic import ForkJoinDynamic
from dalsegno_state.tasks.get_workflow import GetWorkflow
from dalsegno_state.tasks.http import Http
from dalsegno_state.tasks.http_poll import HttpPoll
from dalsegno_state.tasks.human import Human
from dalsegno_state.tasks.inline import Inline
from dalsegno_state.tasks.join import Join
from dalsegno_state.tasks.json_jq_transform import JsonJqTransform
from dalsegno_state.tasks.kafka_publish import KafkaPublish
from dalsegno_state.tasks.lambda_ import Lambda
from dalsegno_state.tasks.noop import Noop
from dalsegno_state.tasks.pull_workflow_messages import PullWorkflowMessages
from dalsegno_state.tasks.set_variable import SetVariable
from dalsegno_state.tasks.start_workflow import StartWorkflow
from dalsegno_state.tasks.sub_workflow import SubWorkflow
from dalsegno_state.tasks.switch import Switch
from dalsegno_state.tasks.terminate import Terminate
from dalsegno_state.tasks.wait import Wait
from dalsegno_state.tasks.wait_for_webhook import WaitForWebhook
from dalsegno_state.tasks.worker import Worker

# By the type a definition names; everything else is done by workers.
TASK_TYPES: Final[Mapping[str, TaskType]] = {
    "AWS_LAMBDA": AwsLambda(),
    "DECISION": Decision(),
    "DO_WHILE": DoWhile(),
    "DYNAMIC": Dynamic(),
    "EVENT": Event(),
    "EXCLUSIVE_JOIN": ExclusiveJoin(),
    "FORK_JOIN": ForkJoin(),
    "FORK_JOIN_DYNAMIC": ForkJoinDynamic(),
    "GET_WORKFLOW": GetWorkflow(),
    "HTTP": Http(),
    "HTTP_POLL": HttpPoll(),
    "HUMAN": Human(),
    "INLINE": Inline(),
    "JOIN": Join(),
    "JSON_JQ_TRANSFORM": JsonJqTransform(),
    "KAFKA_PUBLISH": KafkaPublish(),
    "LAMBDA": Lambda(),
    "NOOP": Noop(),
    "PULL_WORKFLOW_MESSAGES": PullWorkflowMessages(),
    "SET_VARIABLE": SetVariable(),
    "SIMPLE": Worker(),
    "START_WORKFLOW": StartWorkflow(),
    "SUB_WORKFLOW": SubWorkflow(),
    "SWITCH": Switch(),
    "TERMINATE": Terminate(),
    "WAIT": Wait(),
    "WAIT_FOR_WEBHOOK": WaitForWebhook(),
}
