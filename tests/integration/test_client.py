"""The clients against a server, both doing the same."""

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from dalsegno.client import StillRunningError, WorkflowFailedError
from dalsegno.errors import ConflictError, InvalidRequestError, NotFoundError
from dalsegno.models import (
    CronSchedule,
    EventHandler,
    RateLimitConfig,
    SchemaDef,
    SchemaType,
    StartWorkflowRequest,
    Tag,
    TaskDef,
    TaskResult,
    TaskResultStatus,
    TaskStatus,
    WorkflowDef,
    WorkflowSchedule,
    WorkflowStatus,
    WorkflowTask,
)
from tests.clients import QUICK_RETRIES, Client, a_client
from tests.eventually import eventually
from tests.misbehaving import Forward, Lose, misbehaving

Name = Callable[[str], str]


class Order(BaseModel):
    id: str
    total: Decimal


@dataclass
class Delivery:
    order: Order
    due: date


class Receipt(BaseModel):
    number: int


@pytest.fixture(params=["sync", "async"])
def client(request: pytest.FixtureRequest, server_url: str) -> Iterator[Client]:
    with a_client(request.param, server_url) as client:
        yield client


def a_task(ref: str, kind: str = "SIMPLE", **fields: Any) -> WorkflowTask:
    return WorkflowTask(name=ref, task_reference_name=ref, type=kind, **fields)


@pytest.fixture
def define(client: Client, a_name: Name) -> Callable[..., str]:
    """Return a function that registers a workflow and returns its name."""

    def define_workflow(*tasks: WorkflowTask, **fields: Any) -> str:
        name = a_name("flow")
        definition = WorkflowDef(name=name, tasks=list(tasks), **fields)
        client(lambda c: c.definitions.workflows.put(definition))
        return name

    return define_workflow


def do_work(client: Client, kind: str, status: TaskResultStatus, **fields: Any) -> None:
    [task] = client(lambda c: c.tasks.poll(kind, wait_seconds=5, worker_id="tester"))
    result = TaskResult(
        workflow_instance_id=task.workflow_instance_id,
        task_id=task.task_id,
        status=status,
        **fields,
    )
    client(lambda c: c.tasks.update(result))


def echo(**output: Any) -> WorkflowTask:
    return a_task("echo", "SET_VARIABLE", input_parameters=output)


def test_run_gives_the_output_as_what_it_is_asked_to_be(
    client: Client, define: Callable[..., str]
) -> None:
    name = define(echo(x=1), output_parameters={"number": "${workflow.input.number}"})

    assert client(lambda c: c.run(name, {"number": 7}, kind=Receipt)) == Receipt(number=7)
    assert client(lambda c: c.run(name, {"number": 7})) == {"number": 7}
    with pytest.raises(ValidationError) as raised:
        client(lambda c: c.run(name, {"number": "none"}, kind=Receipt))
    assert "has COMPLETED" in raised.value.__notes__[0]


@pytest.mark.parametrize(
    ("input", "expected"),
    [
        (None, {}),
        (Order(id="A", total=Decimal("1.50")), {"id": "A", "total": "1.50"}),
        (
            Delivery(Order(id="A", total=Decimal(2)), date(2026, 3, 1)),
            {"order": {"id": "A", "total": "2"}, "due": "2026-03-01"},
        ),
        (
            {"order": Order(id="A", total=Decimal(2)), "x": None},
            {"order": {"id": "A", "total": "2"}, "x": None},
        ),
    ],
)
def test_input_may_be_a_mapping_a_model_or_a_dataclass(
    client: Client, define: Callable[..., str], input: Any, expected: Any
) -> None:
    name = define(echo(x=1))

    execution = client(lambda c: c.start(name, input))

    assert client(lambda _: execution.get()).input == expected


def test_run_waits_for_workers_longer_than_the_server_does(
    client: Client, define: Callable[..., str], a_name: Name
) -> None:
    kind = a_name("slow")
    name = define(a_task(kind), output_parameters={"number": f"${{{kind}.output.number}}"})

    with pytest.raises(StillRunningError, match=r"is still RUNNING after 1\.2 seconds") as raised:
        client(lambda c: c.run(name, timeout_seconds=1.2))
    execution = client.client.execution(raised.value.workflow_id)
    do_work(client, kind, TaskResultStatus.COMPLETED, output_data={"number": 3})

    assert client(lambda _: execution.result(Receipt, timeout_seconds=60)) == Receipt(number=3)


def test_failure_tells_which_task_failed_and_why(
    client: Client, define: Callable[..., str], a_name: Name
) -> None:
    kind = a_name("charge")
    name = define(a_task(kind))
    execution = client(lambda c: c.start(name))
    do_work(
        client,
        kind,
        TaskResultStatus.FAILED_WITH_TERMINAL_ERROR,
        reason_for_incompletion="card is stolen",
    )

    with pytest.raises(WorkflowFailedError, match=f"task {kind} .* card is stolen") as raised:
        client(lambda _: execution.result(timeout_seconds=60))

    error = raised.value
    assert (error.workflow_id, error.workflow_status) == (execution.id, WorkflowStatus.FAILED)
    assert error.failed_task is not None
    assert error.failed_task.reference_task_name == kind
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301  # our own bytes


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_start_whose_answer_got_lost_starts_one_execution(
    kind: str, server_url: str, client: Client, define: Callable[..., str]
) -> None:
    name = define(a_task("wait", "WAIT"))

    with misbehaving() as server, a_client(kind, server.url, retries=QUICK_RETRIES) as far:
        server.will(Lose(server_url), Lose(server_url), Forward(server_url))
        execution = far(lambda c: c.start(name))

    assert client(lambda c: c.executions.running_ids(name)) == [execution.id]


def test_own_key_gets_the_same_execution(client: Client, define: Callable[..., str]) -> None:
    name = define(a_task("wait", "WAIT"))

    first, second = (client(lambda c: c.start(name, idempotency_key="k")) for _ in range(2))

    assert first.id == second.id
    with pytest.raises(ConflictError):
        client(lambda c: c.start(name, idempotency_key="k", idempotency_strategy="FAIL"))


def test_definition_may_come_along(client: Client, a_name: Name) -> None:
    name = a_name("adhoc")
    definition = WorkflowDef(name=name, tasks=[echo(x=1)])

    execution = client(lambda c: c.start(name, workflow_def=definition))

    assert client(lambda _: execution.result(timeout_seconds=60)) == {}
    with pytest.raises(NotFoundError):
        client(lambda c: c.definitions.workflows.get(name))


def test_execution_is_steered(client: Client, define: Callable[..., str]) -> None:
    name = define(a_task("first", "WAIT"), a_task("second", "HUMAN"), a_task("third", "WAIT"))
    execution = client(lambda c: c.start(name, {"a": 1}, correlation_id="me", priority=3))
    do = lambda ask: client(lambda _: ask(execution))  # noqa: E731

    do(lambda e: e.pause())
    assert do(lambda e: e.status()).status is WorkflowStatus.PAUSED
    do(lambda e: e.resume())
    with pytest.raises(ConflictError):
        do(lambda e: e.resume())
    do(lambda e: e.signal({"by": "ann"}))
    assert do(lambda e: e.set_variables({"limit": 5})).variables == {"limit": 5}
    with pytest.raises(NotFoundError, match="third"):
        do(lambda e: e.complete_task("third"))
    assert do(lambda e: e.complete_task("second", {"ok": True}))
    run = do(lambda e: e.update_state(variables={"limit": 6}, wait_seconds=1))
    assert run.variables == {"limit": 6}
    assert do(lambda e: e.signal_and_wait({}, wait_seconds=5)).status is WorkflowStatus.COMPLETED

    tasks = do(lambda e: e.tasks())
    assert [task.reference_task_name for task in tasks] == ["first", "second", "third"]
    assert do(lambda e: e.tasks(statuses=[TaskStatus.FAILED])) == []
    do(lambda e: e.restart())
    do(lambda e: e.skip_task("second", output={"skipped": True}))
    do(lambda e: e.jump("third"))
    do(lambda e: e.decide())
    assert do(lambda e: e.wake_later()) == f"true.{execution.id}"
    assert do(lambda e: e.repair()) in {True, False}
    do(lambda e: e.terminate("enough"))
    do(lambda e: e.terminate("enough"))  # repeatable
    assert do(lambda e: e.get(include_tasks=False)).reason_for_incompletion == "enough"
    do(lambda e: e.retry())
    do(lambda e: e.terminate_and_remove(archive=False))
    with pytest.raises(NotFoundError):
        do(lambda e: e.get())


def test_failed_task_is_rerun(client: Client, define: Callable[..., str], a_name: Name) -> None:
    kind = a_name("charge")
    name = define(a_task(kind))
    execution = client(lambda c: c.start(name))
    do_work(client, kind, TaskResultStatus.FAILED_WITH_TERMINAL_ERROR)
    [task] = client(lambda _: execution.tasks())

    rerun = client(lambda _: execution.rerun(from_task_id=task.task_id, task_input={"n": 2}))

    assert rerun == execution.id
    [again] = client(lambda c: c.tasks.poll(kind, wait_seconds=5))
    assert again.input_data == {"n": 2}
    client(lambda c: c.tasks.log(again.task_id, '"quoted"'))
    assert [line.log for line in client(lambda c: c.tasks.logs(again.task_id))] == ['"quoted"']
    assert client(lambda c: c.tasks.get(again.task_id)).status is TaskStatus.IN_PROGRESS


def test_next_task_comes_with_the_report(
    client: Client, define: Callable[..., str], a_name: Name
) -> None:
    kind = a_name("pack")
    name = define(a_task(kind))
    for _ in range(2):
        client(lambda c: c.start(name))
    assert client(lambda c: c.queues.sizes(kind)) == {kind: 2}
    assert len(client(lambda c: c.tasks.pending(kind))) == 2
    [task] = client(lambda c: c.tasks.poll(kind, worker_id="w", wait_seconds=5))

    def report(task: Any) -> Any:
        result = TaskResult(
            workflow_instance_id=task.workflow_instance_id,
            task_id=task.task_id,
            worker_id="w",
            status=TaskResultStatus.COMPLETED,
        )
        return client(lambda c: c.tasks.update_and_poll(result))

    following = report(task)
    assert following.task_id != task.task_id
    assert report(following) is None
    assert [poll.worker_id for poll in client(lambda c: c.queues.polls(kind))] == ["w"]
    assert client(lambda c: c.queues.requeue(kind)) == 0


def test_search_yields_all_there_are(
    client: Client, define: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dalsegno.client.executions.A_PAGE", 2)
    name = define(a_task("wait", "WAIT"))
    started = [lambda c, n=n: c.start(name, {"n": n}, correlation_id="c") for n in range(5)]
    ids = {client(start).id for start in started}
    query = f"workflowType = '{name}' AND status IN (RUNNING)"

    found = eventually(lambda: client(lambda c: c.executions.search(query)), lambda f: len(f) == 5)

    assert {summary.workflow_id for summary in found} == ids
    full = client(lambda c: c.executions.search_full(query, sort="startTime:ASC"))
    assert [workflow.input["n"] for workflow in full] == [0, 1, 2, 3, 4]
    assert client(lambda c: c.executions.search_page(query, size=0)).total_hits == 5
    by_tasks = client(lambda c: c.executions.search_by_tasks(f"workflowType = '{name}'"))
    assert {summary.workflow_id for summary in by_tasks} == ids
    tasks = client(lambda c: c.tasks.search(f"workflowType = '{name}'"))
    assert {task.workflow_id for task in tasks} == ids
    correlated = client(lambda c: c.executions.correlated(["c"], workflow_names=[name]))
    assert {workflow.workflow_id for workflow in correlated["c"]} == ids


def test_many_are_steered_at_once(client: Client, define: Callable[..., str]) -> None:
    name = define(a_task("wait", "WAIT"))
    ids = [client(lambda c: c.start(name)).id for _ in range(3)]

    paused = client(lambda c: c.executions.pause([*ids, "none"]))
    assert (paused.bulk_successful_results, list(paused.bulk_error_results)) == (ids, ["none"])
    client(lambda c: c.executions.resume(ids))
    client(lambda c: c.executions.terminate(ids, "enough"))
    client(lambda c: c.executions.restart(ids))
    client(lambda c: c.executions.terminate(ids))
    client(lambda c: c.executions.retry(ids[:1]))
    found = client(lambda c: c.executions.get([*ids, "none"]))
    assert [workflow.status for workflow in found.workflows] == [
        WorkflowStatus.RUNNING,
        WorkflowStatus.TERMINATED,
        WorkflowStatus.TERMINATED,
    ]
    assert list(found.errors) == ["none"]
    client(lambda c: c.executions.terminate_and_remove(ids[:1], archive=False))
    client(lambda c: c.executions.remove(ids[1:], archive=False))
    assert len(client(lambda c: c.executions.get(ids)).errors) == 3


def test_definitions_are_kept(client: Client, a_name: Name) -> None:
    name, tag = a_name("kept"), Tag(key="team", value="till")
    first = WorkflowDef(name=name, version=1, tasks=[echo(x=1)])
    workflows = lambda ask: client(lambda c: ask(c.definitions.workflows))  # noqa: E731

    workflows(lambda w: w.create(first))
    with pytest.raises(ConflictError):
        workflows(lambda w: w.create(first))
    stored = workflows(lambda w: w.put_all([first, first.model_copy(update={"version": 2})]))
    assert not stored.bulk_error_results
    assert workflows(lambda w: w.get(name)).version == 2
    assert workflows(lambda w: w.get(name, 1)).version == 1
    assert [each.version for each in workflows(lambda w: w.versions(name))] == [1, 2]
    assert name in workflows(lambda w: w.names())
    assert len(workflows(lambda w: w.names_and_versions())[name]) == 2
    assert {each.version for each in workflows(lambda w: w.latest()) if each.name == name} == {2}
    with pytest.raises(InvalidRequestError) as raised:
        workflows(lambda w: w.validate(WorkflowDef(name=name, tasks=[a_task("a"), a_task("a")])))
    assert raised.value.validation_errors
    limit = RateLimitConfig(rate_limit_key="k", concurrent_exec_limit=3)
    workflows(lambda w: w.put_rate_limit(name, limit))
    assert workflows(lambda w: w.rate_limit(name)).concurrent_exec_limit == 3
    workflows(lambda w: w.delete_rate_limit(name))
    workflows(lambda w: w.add_tags(name, tag))
    assert workflows(lambda w: w.tags(name)) == [tag]
    assert tag in client(lambda c: c.definitions.tags())
    workflows(lambda w: w.delete_tags(name, tag))
    workflows(lambda w: w.put_tags(name))
    assert workflows(lambda w: w.tags(name)) == []
    workflows(lambda w: w.delete(name, 1))
    with pytest.raises(NotFoundError):
        workflows(lambda w: w.delete(name, 1))


def test_task_definitions_are_kept(client: Client, a_name: Name) -> None:
    name = a_name("charge")

    client(lambda c: c.definitions.tasks.put(TaskDef(name=name, retry_count=1)))
    client(lambda c: c.definitions.tasks.update(TaskDef(name=name, retry_count=2)))

    assert client(lambda c: c.definitions.tasks.get(name)).retry_count == 2
    assert name in [each.name for each in client(lambda c: c.definitions.tasks.all())]
    client(lambda c: c.definitions.tasks.delete(name))
    with pytest.raises(NotFoundError):
        client(lambda c: c.definitions.tasks.get(name))


def test_schedules_are_kept(client: Client, define: Callable[..., str], a_name: Name) -> None:
    name, workflow = a_name("nightly"), define(echo(x=1))
    schedule = WorkflowSchedule(
        name=name,
        cron_schedules=[CronSchedule(cron_expression="0 0 3 1 1 *")],
        start_workflow_request=StartWorkflowRequest(name=workflow),
    )
    schedules = lambda ask: client(lambda c: ask(c.schedules))  # noqa: E731

    assert schedules(lambda s: s.put(schedule)).create_time > 0
    schedules(lambda s: s.pause(name, "holidays"))
    assert schedules(lambda s: s.get(name)).paused_reason == "holidays"
    assert [each.name for each in schedules(lambda s: s.search(name_part=name, paused=True))] == [
        name
    ]
    schedules(lambda s: s.resume(name))
    assert len(schedules(lambda s: s.all(workflow_name=workflow))) == 1
    assert schedules(lambda s: s.pause_each([name])).bulk_successful_results == [name]
    assert schedules(lambda s: s.resume_each([name, "none"])).bulk_error_results
    assert len(schedules(lambda s: s.preview("0 0 * * * *", limit=3))) == 3
    assert schedules(lambda s: s.executions(f"scheduleName IN ({name})")) == []
    schedules(lambda s: s.put_tags(name, Tag(key="a", value="b")))
    assert schedules(lambda s: s.tags(name))[0].key == "a"
    schedules(lambda s: s.delete(name))
    schedules(lambda s: s.delete(name))  # repeatable


def test_events_cause_what_their_handlers_say(
    client: Client, define: Callable[..., str], a_name: Name
) -> None:
    name, event, workflow = a_name("paid"), a_name("payments"), define(echo(x=1))
    start = {"action": "start_workflow", "start_workflow": {"name": workflow}}
    handler = EventHandler(name=name, event=event, actions=[start], active=True)
    client(lambda c: c.event_handlers.create(handler))
    with pytest.raises(ConflictError):
        client(lambda c: c.event_handlers.create(handler))

    assert client(lambda c: c.events.publish(event, {"amount": 3}, id="p-1")) == "p-1"

    eventually(lambda: client(lambda c: c.event_handlers.executions(name)), lambda f: len(f) == 1)
    assert client(lambda c: c.event_handlers.of_event(event))[0].name == name
    assert event in client(lambda c: c.events.queues())
    client(lambda c: c.event_handlers.update(handler.model_copy(update={"active": False})))
    assert client(lambda c: c.event_handlers.get(name)).active is False
    client(lambda c: c.event_handlers.delete(name))


def test_values_come_back_as_they_were_put(client: Client, a_name: Name) -> None:
    for value in ("plain", '"quoted"', '{"a": 1}', "ü\nü"):
        name = a_name("value")
        client(lambda c, name=name, value=value: c.secrets.put(name, value))
        client(lambda c, name=name, value=value: c.environment.put(name, value))

        assert client(lambda c, name=name: c.secrets.get(name)) == value
        assert client(lambda c, name=name: c.environment.get(name)) == value
    assert client(lambda c: c.secrets.exists(name))
    assert name in client(lambda c: c.secrets.names())
    assert name in [each.name for each in client(lambda c: c.secrets.names_with_tags())]
    assert name in [each.name for each in client(lambda c: c.environment.all())]
    client(lambda c: c.secrets.delete(name))
    client(lambda c: c.environment.delete(name))
    assert not client(lambda c: c.secrets.exists(name))


def test_schemas_are_kept(client: Client, a_name: Name) -> None:
    schema = SchemaDef(name=a_name("order"), type=SchemaType.JSON, data={"type": "object"})

    client(lambda c: c.schemas.put(schema))
    client(lambda c: c.schemas.add_version(schema))

    assert client(lambda c: c.schemas.get(schema.name)).version == 2
    client(lambda c: c.schemas.delete(schema.name, 2))
    assert client(lambda c: c.schemas.get(schema.name)).version == 1
    client(lambda c: c.schemas.delete(schema.name))


def test_files_go_up_and_down(client: Client, define: Callable[..., str], tmp_path: Path) -> None:
    name = define(a_task("wait", "WAIT"))
    workflow_id = client(lambda c: c.start(name)).id
    on_disk = tmp_path / "käse.bin"
    on_disk.write_bytes(bytes(range(256)))

    handle = client(lambda c: c.files.upload(workflow_id, on_disk, content_type="x/y"))

    assert (handle.file_name, handle.upload_status, handle.content_length) == (
        "käse.bin",
        "UPLOADED",
        256,
    )
    content = client(lambda c: c.files.download(workflow_id, handle.file_handle_id))
    assert content == bytes(range(256))


def test_large_input_is_put_elsewhere(client: Client, define: Callable[..., str]) -> None:
    name = define(echo(x=1), output_parameters={"n": "${workflow.input.n}"})

    path = client(lambda c: c.payloads.put({"n": 5}))
    execution = client(lambda c: c.start(name, external_input_path=path))

    assert client(lambda c: c.payloads.get(path, "WORKFLOW_INPUT")) == {"n": 5}
    assert client(lambda _: execution.result(timeout_seconds=60)) == {"n": 5}


def test_server_tells_about_itself(client: Client) -> None:
    assert client(lambda c: c.service.health()).healthy
    assert client(lambda c: c.service.config())["version"] == client(lambda c: c.service.version())
