"""Retention: what has ended long ago goes, with all it had; what runs again stays."""

import json
from collections.abc import Iterator

import pytest

from dalsegno.errors import NotFoundError
from dalsegno.models import TaskResult, TaskResultStatus
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine, Retention
from dalsegno_state.engine.removal import Removal, archive_name
from dalsegno_state.external_paths import PayloadType, new_path
from dalsegno_state.sandbox import SandboxedScripts
from tests.builders import a_workflow_state
from tests.crash.ports import Calls, CrashError, Side, dying_ports
from tests.engine.world import World, fails, simple

DAY_SECONDS = 86_400
LARGE = "x" * 20_000
OUTPUT = new_path(PayloadType.TASK_OUTPUT, b"o" * 16)


class KeepingWorld(World):
    """A world in which executions are archived and removed a week after their end."""

    def __init__(self, scripts: SandboxedScripts) -> None:
        super().__init__(scripts)
        self.retention = Retention(days=7, archive=True)
        self.engine = Engine(self.ports, scripts, self.http, retention=self.retention)

    def run_out(self) -> str:
        """Run a workflow that leaves behind all that one can; return its id."""
        self.define("a", retryCount=1)
        self.register(simple("a"), simple("b"))
        workflow_id = self.start(inputs={"large": LARGE})
        self.report(self.take("a"), fails())
        self.ports.external.write(OUTPUT, b'{"paid": "yes"}')
        task = self.take("a")
        self.engine.tasks.log(task.task_id, "a line")
        self.engine.tasks.update(
            TaskResult(
                workflow_instance_id=workflow_id,
                task_id=task.task_id,
                status=TaskResultStatus.COMPLETED,
                external_output_payload_storage_path=OUTPUT,
            )
        )
        self.play(workflow_id)
        assert self.workflow(workflow_id).status == "COMPLETED"
        return workflow_id

    def is_gone(self, workflow_id: str) -> bool:
        state, ports = self.ports.state, self.ports
        rows = [*state.all_tasks(workflow_id), *state.attempts(workflow_id)]
        lines = ports.database.read("SELECT * FROM logs WHERE workflow_id = ?", (workflow_id,))
        left = [state.workflow(workflow_id), *rows, *lines]
        try:
            ports.external.read(OUTPUT, max_bytes=100)
        except KeyError:
            return not any(left)
        return False


@pytest.fixture
def keeping(scripts: SandboxedScripts) -> Iterator[KeepingWorld]:
    world = KeepingWorld(scripts)
    yield world
    world.ports.close()


def test_nothing_goes_before_its_time(keeping: KeepingWorld) -> None:
    workflow_id = keeping.run_out()

    keeping.advance(7 * DAY_SECONDS - 10)

    assert keeping.workflow(workflow_id).input == {"large": LARGE}
    assert keeping.ports.archive.documents == {}


def test_everything_of_an_execution_goes_after_its_time(keeping: KeepingWorld) -> None:
    workflow_id = keeping.run_out()
    stored = keeping.ports.state.workflow(workflow_id)
    assert stored is not None
    payload = stored.input

    keeping.advance(7 * DAY_SECONDS)

    assert keeping.is_gone(workflow_id)
    with pytest.raises(KeyError):
        keeping.ports.payloads.get(payload)  # type: ignore[arg-type]  # it is too large not to be
    with pytest.raises(NotFoundError):
        keeping.workflow(workflow_id)


def test_the_archive_holds_what_the_api_told_and_what_was_put_elsewhere(
    keeping: KeepingWorld,
) -> None:
    workflow_id = keeping.run_out()
    told = keeping.workflow(workflow_id).to_wire()

    keeping.advance(7 * DAY_SECONDS)

    ((name, document),) = keeping.ports.archive.documents.items()
    archived = json.loads(document)
    assert name.startswith("flow/20")
    assert name.endswith(f"/{workflow_id}.json")
    tasks, shown = archived.pop("tasks"), told.pop("tasks")
    assert archived == told
    assert [task["taskId"] for task in tasks] == [task["taskId"] for task in shown]
    assert [task["outputData"] for task in tasks] == [{}, {"paid": "yes"}, {"ref": "b"}]


def test_without_retention_everything_stays(world: World) -> None:
    world.register(simple("a"))
    workflow_id = world.start()
    world.play(workflow_id)

    world.advance(10_000 * DAY_SECONDS)

    assert world.workflow(workflow_id).status == "COMPLETED"


def test_what_is_open_stays_however_old(keeping: KeepingWorld) -> None:
    keeping.register(simple("a"))
    workflow_id = keeping.start()

    keeping.advance(1_000 * DAY_SECONDS)

    assert keeping.workflow(workflow_id).status == "RUNNING"


@pytest.mark.parametrize("how", ["retry", "rerun", "restart"])
def test_what_runs_again_stays(keeping: KeepingWorld, how: str) -> None:
    keeping.define("a", retryCount=0)
    keeping.register(simple("a"))
    workflow_id = keeping.start()
    keeping.report(keeping.take("a"), fails())
    keeping.advance(6 * DAY_SECONDS)

    getattr(keeping, how)(workflow_id)
    keeping.advance(6 * DAY_SECONDS)

    assert keeping.workflow(workflow_id).status == "RUNNING"


def test_failed_executions_go_too(keeping: KeepingWorld) -> None:
    keeping.define("a", retryCount=0)
    keeping.register(simple("a"))
    workflow_id = keeping.start()
    keeping.report(keeping.take("a"), fails())

    keeping.advance(7 * DAY_SECONDS)

    assert keeping.ports.state.workflow(workflow_id) is None


def test_large_executions_go_in_parts(
    keeping: KeepingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dalsegno_state.engine.removal._ITEMS_AT_ONCE", 2)
    workflow_id = keeping.run_out()
    keeping.clock.advance(7 * DAY_SECONDS)

    keeping.engine.removal.expire(workflow_id)
    marked = keeping.ports.state.workflow(workflow_id)
    assert marked is not None
    assert marked.archived
    with pytest.raises(NotFoundError):
        keeping.engine.executions.restart(workflow_id, use_latest_definitions=False)
    keeping.pump()

    assert keeping.is_gone(workflow_id)


def test_whoever_sets_it_going_first_keeps_it(
    keeping: KeepingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow_id = keeping.run_out()
    keeping.clock.advance(7 * DAY_SECONDS)
    removal = Removal(
        keeping.ports, keeping.retention, keeping.engine.queries.whole, _holds_nothing
    )
    archive = removal.archive

    def restart_meanwhile(workflow: object) -> None:
        archive(workflow)  # type: ignore[arg-type]  # passed on as it is
        keeping.engine.executions.restart(workflow_id, use_latest_definitions=False)

    monkeypatch.setattr(removal, "archive", restart_meanwhile)
    removal.expire(workflow_id)

    assert keeping.workflow(workflow_id).status == "RUNNING"
    assert keeping.workflow(workflow_id).input == {"large": LARGE}


def test_nothing_is_left_whatever_call_a_process_dies_at(
    scripts: SandboxedScripts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dalsegno_state.engine.removal._ITEMS_AT_ONCE", 2)
    places = [
        (number, side)
        for number in range(_calls_to_expire(scripts))
        for side in (Side.BEFORE, Side.AFTER)
    ]
    assert len(places) > 10

    for number, side in places:
        world = KeepingWorld(scripts)
        workflow_id = world.run_out()
        world.clock.advance(7 * DAY_SECONDS)
        ports = dying_ports(world.ports, Calls(crashes={number: side}))
        dying = Removal(ports, world.retention, world.engine.queries.whole, _holds_nothing)
        with pytest.raises(CrashError):
            dying.expire(workflow_id)

        world.advance(0)
        world.pump()

        assert world.is_gone(workflow_id), (number, side)
        assert len(world.ports.archive.documents) == 1
        world.ports.close()


def _calls_to_expire(scripts: SandboxedScripts) -> int:
    world = KeepingWorld(scripts)
    workflow_id = world.run_out()
    world.clock.advance(7 * DAY_SECONDS)
    calls = Calls()
    Removal(
        dying_ports(world.ports, calls), world.retention, world.engine.queries.whole, _holds_nothing
    ).expire(workflow_id)
    world.ports.close()
    return len(calls.names)


def test_what_an_operator_removes_is_archived_if_asked(keeping: KeepingWorld) -> None:
    kept, forgotten = keeping.run_out(), keeping.run_out()

    keeping.engine.executions.remove(kept, archive=True)
    keeping.engine.executions.remove(forgotten, archive=False)

    (name,) = keeping.ports.archive.documents
    assert name.endswith(f"/{kept}.json")
    assert keeping.workflow(kept).status == "COMPLETED"
    keeping.advance(7 * DAY_SECONDS)
    assert keeping.is_gone(kept)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("order", "order"),
        ("a/b", "a%2Fb"),
        ("..", "%2E%2E"),
        ("é", "%C3%A9"),
        ("x" * 300, "x" * 64 + "~"),
    ],
)
def test_names_lead_nowhere_else(name: str, folder: str) -> None:
    ended = a_workflow_state(name=name, ended_at=1_772_366_400_000)

    path = archive_name(ended)

    assert path.startswith(folder)
    assert path.endswith("/2026/03/01/w1.json")
    assert len(path.split("/")) == 5


def test_a_message_about_an_execution_that_is_gone_is_swallowed(keeping: KeepingWorld) -> None:
    keeping.engine.removal.expire("nobody")

    assert keeping.ports.queues.sizes([EVALUATOR_QUEUE])[EVALUATOR_QUEUE].size == 0


def _holds_nothing(_workflow: object) -> None:
    """No idempotency key, and no slot."""
