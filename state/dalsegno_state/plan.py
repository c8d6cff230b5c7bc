"""A definition compiled into an index: where each task stands, and what follows it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pydantic_core import to_json

from dalsegno.models import JsonObject, WorkflowDef, WorkflowTask
from dalsegno_state import ids
from dalsegno_state.expressions import references


class Role(StrEnum):
    """How a task belongs to the operator that contains it."""

    TOP = "TOP"
    CASE = "CASE"
    BRANCH = "BRANCH"
    BODY = "BODY"


@dataclass(frozen=True, slots=True)
class JoinPlace:
    """A task's place in the ``joinOn`` of a JOIN that waits for it."""

    join_ref: str
    index: int
    size: int


@dataclass(frozen=True, slots=True)
class Node:
    """One task of a definition, in its place.

    Attributes:
        ref: Reference name as the definition spells it.
        parent_ref: The operator whose list it stands in, or None at the top.
        next_ref: What stands next in that list.
        loops: The DO_WHILE tasks around it, outermost first.
        reads: Root names its input expressions read.
        joins: JOINs that wait for it.
        watchers: EXCLUSIVE_JOINs that watch it.
    """

    task: WorkflowTask
    ref: str
    parent_ref: str | None
    role: Role
    next_ref: str | None
    loops: tuple[str, ...]
    reads: frozenset[str]
    joins: tuple[JoinPlace, ...] = ()
    watchers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled definition, or the compiled branch of a dynamic fork.

    Attributes:
        first_ref: Where it begins; None if there are no tasks.
        permissive_refs: Tasks that may fail now and fail the workflow at its end.
        loose_ends: First references of fork branches whose end no JOIN waits for.
        tells_changes: Somebody wants to be told of changes of status.
        has_optional_loop: A DO_WHILE may be given up while tasks of it are open.
    """

    definition: WorkflowDef
    nodes: dict[str, Node]
    first_ref: str | None
    permissive_refs: tuple[str, ...]
    loose_ends: tuple[str, ...]
    has_optional_loop: bool = False
    tells_changes: bool = False

    def contents(self, loop_ref: str) -> Iterator[Node]:
        """Yield the nodes whose innermost loop is this one."""
        return (node for node in self.nodes.values() if node.loops[-1:] == (loop_ref,))

    def within(self, ref: str) -> Iterator[Node]:
        """Yield the node and everything it contains, in the order of the definition."""
        inside = {ref}
        for node in self.nodes.values():
            if node.ref in inside or node.parent_ref in inside:
                inside.add(node.ref)
                yield node

    def find(self, full_ref: str) -> tuple[Node, tuple[int, ...]] | None:
        """Return the node of a full reference name, and the turns of the loops around it."""
        looped = {node.ref for node in self.nodes.values() if node.loops}
        base = ids.turn_of(full_ref, looped) or full_ref
        node = self.nodes.get(base)
        turns = full_ref[len(base) :].split("__")[1:]
        if node is None or len(turns) != len(node.loops) or any(len(t) > 9 for t in turns):
            return None
        iterations = tuple(map(int, turns))
        is_exact = ids.full_ref(base, iterations) == full_ref and 0 not in iterations
        return (node, iterations) if is_exact else None

    def lists_in(self, ref: str) -> Iterator[Node]:
        """Yield the first node of each list of tasks in an operator."""
        children = [node for node in self.nodes.values() if node.parent_ref == ref]
        followers = {node.next_ref for node in children}
        return (node for node in children if node.ref not in followers)

    def list_from(self, node: Node) -> Iterator[Node]:
        """Yield a node and those that follow it in its list."""
        yield node
        while node.next_ref is not None:
            node = self.nodes[node.next_ref]
            yield node


def compile_plan(definition: WorkflowDef) -> Plan:
    """Return the plan of a definition."""
    nodes: dict[str, Node] = {}
    _add_sequence(nodes, definition.tasks, parent_ref=None, role=Role.TOP, loops=())
    loose_ends = tuple(_connect_joins(nodes))
    return Plan(
        definition=definition,
        nodes=nodes,
        first_ref=definition.tasks[0].task_reference_name if definition.tasks else None,
        permissive_refs=tuple(
            node.ref for node in nodes.values() if node.task.permissive and not node.task.optional
        ),
        loose_ends=loose_ends,
        has_optional_loop=any(
            node.task.type == "DO_WHILE" and node.task.optional for node in nodes.values()
        ),
        tells_changes=definition.workflow_status_listener_enabled
        or any(node.task.on_state_change for node in nodes.values()),
    )


def names_in(task: WorkflowTask) -> Iterator[str]:
    """Yield the reference names of a task and of everything it contains."""
    yield task.task_reference_name
    for inner, _ in _inner_sequences(task):
        for each in inner:
            yield from names_in(each)


def looped_names_in(task: WorkflowTask, *, is_in_loop: bool = False) -> Iterator[str]:
    """Yield the reference names of what a task contains within loops; its own if it is in one."""
    if is_in_loop:
        yield task.task_reference_name
    for inner, role in _inner_sequences(task):
        for each in inner:
            yield from looped_names_in(each, is_in_loop=is_in_loop or role is Role.BODY)


def compile_branch(root: JsonObject) -> Plan:
    """Return the plan of one branch of a dynamic fork: a single task and what it contains."""
    task = WorkflowTask.model_validate(root)
    return compile_plan(WorkflowDef(name=task.name, tasks=[task]))


def content_hash(body: bytes) -> str:
    """Return the name of a snapshot: the SHA-256 of its text."""
    return hashlib.sha256(body).hexdigest()


def snapshot_body(definition: WorkflowDef) -> bytes:
    """Return the canonical JSON text of a resolved definition."""
    return to_json(definition.to_wire())


def expression_sources(task: WorkflowTask) -> list[object]:
    """Return everything in a task that may hold ``${...}``."""
    sources: list[object] = [task.input_parameters, task.items, task.sink]
    if task.sub_workflow_param is not None:
        params = task.sub_workflow_param.to_wire()
        if not isinstance(task.sub_workflow_param.workflow_definition, str):
            params.pop("workflowDefinition", None)
        sources.append(params)
    if task.task_definition is not None:
        sources.append(task.task_definition.input_template)
    return sources


def _add_sequence(
    nodes: dict[str, Node],
    tasks: Sequence[WorkflowTask],
    *,
    parent_ref: str | None,
    role: Role,
    loops: tuple[str, ...],
) -> None:
    following = [task.task_reference_name for task in tasks[1:]]
    for task, next_ref in zip(tasks, [*following, None], strict=False):
        ref = task.task_reference_name
        reads = frozenset(
            name
            for source in expression_sources(task)
            for name in references(source)  # type: ignore[arg-type]  # wire values are JSON
        )
        nodes[ref] = Node(task, ref, parent_ref, role, next_ref, loops, reads)
        for inner, inner_role in _inner_sequences(task):
            inner_loops = (*loops, ref) if inner_role is Role.BODY else loops
            _add_sequence(nodes, inner, parent_ref=ref, role=inner_role, loops=inner_loops)


def _inner_sequences(task: WorkflowTask) -> Iterator[tuple[Sequence[WorkflowTask], Role]]:
    match task.type:
        case "SWITCH" | "DECISION":
            for case in (*task.decision_cases.values(), task.default_case):
                yield case, Role.CASE
        case "FORK_JOIN":
            for branch in task.fork_tasks:
                yield branch, Role.BRANCH
        case "DO_WHILE":
            yield task.loop_over, Role.BODY


def _connect_joins(nodes: dict[str, Node]) -> Iterator[str]:
    """Tell tasks which JOINs wait for them; yield the branches that none waits for."""
    for join in list(nodes.values()):
        if join.task.type == "JOIN":
            names = list(dict.fromkeys(join.task.join_on))
            for index, name in enumerate(names):
                _join(nodes, name, JoinPlace(join.ref, index, len(names)))
        elif join.task.type == "EXCLUSIVE_JOIN":
            for name in {*join.task.join_on, *join.task.default_exclusive_join_task}:
                _watch(nodes, name, join.ref)
    yield from _loose_ends(nodes)


def _loose_ends(nodes: dict[str, Node]) -> Iterator[str]:
    forks = [node.task for node in nodes.values() if node.task.type == "FORK_JOIN"]
    for branch in (branch for fork in forks for branch in fork.fork_tasks if branch):
        if not nodes[branch[-1].task_reference_name].joins:
            yield branch[0].task_reference_name


def _join(nodes: dict[str, Node], name: str, place: JoinPlace) -> None:
    node = nodes.get(name)
    if node is not None and node.loops == nodes[place.join_ref].loops:
        nodes[name] = replace(node, joins=(*node.joins, place))


def _watch(nodes: dict[str, Node], name: str, join_ref: str) -> None:
    node = nodes.get(name)
    if node is not None and node.loops == nodes[join_ref].loops:
        nodes[name] = replace(node, watchers=(*node.watchers, join_ref))
