"""What every ``DefinitionStore`` promises."""

from collections.abc import Callable

from dalsegno.models import TaskDef, WorkflowDef, WorkflowTask
from dalsegno_state.ports import DefinitionStore, Ports
from tests.race import race


def a_workflow_def(name: str = "order", version: int = 1, description: str = "") -> WorkflowDef:
    charge = WorkflowTask(name="charge", task_reference_name="charge", type="SIMPLE")
    return WorkflowDef(name=name, version=version, description=description, tasks=[charge])


def test_workflow_definition_is_read_back_as_it_was_stored(definitions: DefinitionStore) -> None:
    definition = a_workflow_def(description="Bestellung 🎼")

    definitions.put_workflow_def(definition)

    assert definitions.workflow_def("order", 1) == definition
    assert definitions.workflow_def("order", 2) is None
    assert definitions.workflow_def("refund") is None


def test_put_replaces_that_version(definitions: DefinitionStore) -> None:
    for description in ("old", "new"):
        definitions.put_workflow_def(a_workflow_def(description=description))

    assert definitions.workflow_defs() == [a_workflow_def(description="new")]


def test_create_does_not_replace(definitions: DefinitionStore) -> None:
    assert definitions.create_workflow_def(a_workflow_def(description="first"))
    assert not definitions.create_workflow_def(a_workflow_def(description="second"))

    assert definitions.workflow_def("order") == a_workflow_def(description="first")


def test_one_of_many_creators_of_a_version_wins(definitions: DefinitionStore) -> None:
    created = race(
        8, lambda number: definitions.create_workflow_def(a_workflow_def(description=str(number)))
    )

    assert sum(created) == 1
    assert definitions.workflow_def("order") == a_workflow_def(description=str(created.index(True)))


def test_latest_version_is_the_highest_number(definitions: DefinitionStore) -> None:
    for version in (9, 10, 2):
        definitions.put_workflow_def(a_workflow_def(version=version))

    assert definitions.workflow_def("order") == a_workflow_def(version=10)


def test_all_versions_come_ordered(definitions: DefinitionStore) -> None:
    for name, version in (("ship", 1), ("order", 10), ("order", 9)):
        definitions.put_workflow_def(a_workflow_def(name, version))

    assert definitions.workflow_defs() == [
        a_workflow_def("order", 9),
        a_workflow_def("order", 10),
        a_workflow_def("ship", 1),
    ]
    assert definitions.workflow_defs("ship") == [a_workflow_def("ship", 1)]
    assert definitions.workflow_defs("none") == []


def test_deleted_version_is_gone(definitions: DefinitionStore) -> None:
    for version in (1, 2):
        definitions.put_workflow_def(a_workflow_def(version=version))

    assert definitions.delete_workflow_def("order", 2)
    assert not definitions.delete_workflow_def("order", 2)

    assert definitions.workflow_def("order") == a_workflow_def(version=1)


def test_task_definitions_are_stored_replaced_and_deleted(definitions: DefinitionStore) -> None:
    for name, retry_count in (("ship", 1), ("charge", 1), ("charge", 2)):
        definitions.put_task_def(TaskDef(name=name, retry_count=retry_count))

    assert definitions.task_def("charge") == TaskDef(name="charge", retry_count=2)
    assert [definition.name for definition in definitions.task_defs()] == ["charge", "ship"]
    assert definitions.delete_task_def("charge")
    assert not definitions.delete_task_def("charge")
    assert definitions.task_def("charge") is None


def test_snapshot_is_kept_as_it_was_first_stored(definitions: DefinitionStore) -> None:
    body = bytes(range(256))

    for _ in range(2):
        definitions.put_snapshot("abc", body)

    assert definitions.snapshot("abc") == body
    assert definitions.snapshot("abd") is None


def test_another_handle_sees_a_replaced_definition(ports: Ports, second_ports: Ports) -> None:
    for description in ("old", "new"):
        ports.definitions.put_workflow_def(a_workflow_def(description=description))
        ports.definitions.put_task_def(TaskDef(name="charge", description=description))

        assert second_ports.definitions.workflow_def("order") == a_workflow_def(
            description=description
        )
        assert second_ports.definitions.task_def("charge") == TaskDef(
            name="charge", description=description
        )


def test_revision_differs_after_every_change(definitions: DefinitionStore) -> None:
    task_def = TaskDef(name="charge")
    changes: list[Callable[[], object]] = [
        lambda: definitions.put_workflow_def(a_workflow_def()),
        lambda: definitions.create_workflow_def(a_workflow_def(version=2)),
        lambda: definitions.put_task_def(task_def),
        lambda: definitions.delete_task_def("charge"),
        lambda: definitions.delete_workflow_def("order", 1),
    ]
    revisions = [definitions.revision()]

    for change in changes:
        change()
        revisions.append(definitions.revision())

    assert len(set(revisions)) == len(revisions)


def test_another_handle_sees_the_revision(ports: Ports, second_ports: Ports) -> None:
    before = ports.definitions.revision()

    second_ports.definitions.put_task_def(TaskDef(name="charge"))

    assert ports.definitions.revision() != before
