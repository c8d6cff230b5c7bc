"""What single writes cost; whole workflows are in ``test_budgets``."""

from bench.metered import MeteredWorld
from dalsegno.models import TaskStatus
from dalsegno_state.aws.capacity import item_bytes
from dalsegno_state.aws.items import task_item
from dalsegno_state.execution import TaskState
from dalsegno_state.ids import task_id
from dalsegno_state.writes import Arrival


def test_arrival_takes_one_write_unit_and_one_request(metered: MeteredWorld) -> None:
    for member in range(99):
        metered.ports.state.arrive(Arrival("w1", "join", "", member))

    usage = metered.usage_of(lambda: metered.ports.state.arrive(Arrival("w1", "join", "", 99)))

    assert usage.write_units == 1
    assert usage.requests == {"dynamodb.UpdateItem": 1}


def test_finished_task_with_payloads_of_300_bytes_fits_into_a_write_unit() -> None:
    workflow_id = "01977420-dc80-7abc-8def-0123456789ab"
    ref = "charge_credit_card"
    task = TaskState(
        workflow_id=workflow_id,
        ref=ref,
        base_ref=ref,
        task_id=task_id(workflow_id, 0, 0, ref),
        revision=2,
        task_type=ref,
        name=ref,
        status=TaskStatus.COMPLETED,
        sequence=1_750_000_000_000_001,
        input={"text": "i" * 288},
        output={"text": "o" * 288},
        scheduled_at=1_750_000_000_001,
        first_scheduled_at=1_750_000_000_001,
        started_at=1_750_000_000_002,
        ended_at=1_750_000_000_003,
        updated_at=1_750_000_000_003,
        poll_count=1,
        worker_id="ip-10-0-12-34.eu-central-1.compute.internal",
    )

    item = task_item(task)

    assert "S" in item["d"]
    assert item_bytes(item) < 1024
