"""Random workflows whose end does not depend on who is faster."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from dalsegno.models import JsonObject
from tests.crash.catalogue import child, fork, inline, join, loop, switch, task, turns, workflow
from tests.crash.world import DEAD_END, FAILED, Result, Scenario

_KINDS = (
    "simple",
    "simple",
    "failing",
    "optional",
    "inline",
    "noop",
    "variable",
    "wait",
    "switch",
    "fork",
    "loop",
    "sub_workflow",
    "dynamic_fork",
    "dynamic_children",
    "exclusive",
)
_MOST_TASKS = 10


@dataclass
class _Building:
    """A definition in the making."""

    draw: st.DrawFn
    count: int = 0
    previous: str | None = None
    children: list[JsonObject] = field(default_factory=list)
    results: dict[str, list[Result | None]] = field(default_factory=dict)

    def ref(self) -> str:
        """Return a reference name that is free."""
        self.count += 1
        return f"t{self.count}"

    def read(self, what: str) -> str:
        """Return an expression that reads the task before; what is beside it may differ."""
        return "nothing" if self.previous is None else f"${{{self.previous}.{what}}}"

    def tasks(self, depth: int, most: int) -> list[JsonObject]:
        """Return one task or more, to be done one after the other."""
        found: list[JsonObject] = []
        before = self.previous
        for _ in range(self.draw(st.integers(1, most))):
            found.extend(self.some(depth))
            self.previous = str(found[-1]["taskReferenceName"])
        self.previous = before
        return found

    def some(self, depth: int) -> list[JsonObject]:
        """Return a task with what belongs to it."""
        is_flat = depth == 0 or self.count >= _MOST_TASKS
        kind = self.draw(st.sampled_from(_KINDS[:8] if is_flat else _KINDS))
        made: list[JsonObject] = getattr(self, f"_{kind}")(depth)
        return made

    def _simple(self, depth: int) -> list[JsonObject]:
        return [task(self.ref(), inputParameters={"before": self.read("output")})]

    def _failing(self, depth: int) -> list[JsonObject]:
        ref = self.ref()
        self.results[ref] = [FAILED] * self.draw(st.integers(1, 2))
        return [task(ref, taskDefinition=_RETRIED)]

    def _optional(self, depth: int) -> list[JsonObject]:
        ref = self.ref()
        self.results[ref] = [DEAD_END]
        return [task(ref, optional=True)]

    def _inline(self, depth: int) -> list[JsonObject]:
        return [inline(self.ref(), "1 + 1")]

    def _noop(self, depth: int) -> list[JsonObject]:
        return [task(self.ref(), "NOOP")]

    def _variable(self, depth: int) -> list[JsonObject]:
        ref = self.ref()
        return [task(ref, "SET_VARIABLE", inputParameters={ref: self.read("status")})]

    def _wait(self, depth: int) -> list[JsonObject]:
        return [task(self.ref(), "WAIT", inputParameters={"duration": "40 seconds"})]

    def _switch(self, depth: int) -> list[JsonObject]:
        case = self.draw(st.sampled_from(["a", "b", "none"]))
        cases = {"a": self.tasks(depth - 1, 2), "b": self.tasks(depth - 1, 1)}
        return [switch(self.ref(), case, cases, defaultCase=[])]

    def _fork(self, depth: int) -> list[JsonObject]:
        branches = [self.tasks(depth - 1, 2) for _ in range(self.draw(st.integers(2, 3)))]
        last = [str(branch[-1]["taskReferenceName"]) for branch in branches]
        return [fork(self.ref(), *branches), join(self.ref(), *last)]

    def _loop(self, depth: int) -> list[JsonObject]:
        body = self.tasks(depth - 1, 2)
        ref = self.ref()
        keep = self.draw(st.sampled_from([None, None, 1, 2]))
        inputs: JsonObject = {} if keep is None else {"keepLastN": keep}
        count = turns(ref, self.draw(st.integers(1, 3 if keep is None else 4)))
        return [loop(ref, count, *body, inputParameters=inputs)]

    def _sub_workflow(self, depth: int) -> list[JsonObject]:
        name = f"child{len(self.children)}"
        self.children.append({})  # its name is taken, whatever it contains
        before, self.previous = self.previous, None
        inside = self.tasks(depth - 1, 2)
        self.previous = before
        self.children[int(name[5:])] = workflow(name, *inside)
        return [child(self.ref(), name)]

    def _dynamic_fork(self, depth: int) -> list[JsonObject]:
        ref = self.ref()
        width = self.draw(st.integers(0, 3))
        kind = self.draw(st.sampled_from(["NOOP", "SIMPLE"]))
        inputs = {
            "forkTaskInputs": list(range(width)),
            "forkTaskName": f"{ref}k",
            "forkTaskType": kind,
        }
        return [
            task(ref, "FORK_JOIN_DYNAMIC", inputParameters=inputs),
            task(self.ref(), "JOIN"),
        ]

    def _dynamic_children(self, depth: int) -> list[JsonObject]:
        name = f"child{len(self.children)}"
        before, self.previous = self.previous, None
        self.children.append(workflow(name, *self._simple(depth), *self._noop(depth)))
        self.previous = before
        ref = self.ref()
        inputs = {"forkTaskInputs": [{"x": 1}, {"x": 2}], "forkTaskWorkflow": name}
        return [
            task(ref, "FORK_JOIN_DYNAMIC", inputParameters=inputs),
            task(self.ref(), "JOIN"),
        ]

    def _exclusive(self, depth: int) -> list[JsonObject]:
        left, right = self._simple(depth), self._failing(depth)
        case = self.draw(st.sampled_from(["a", "b"]))
        names = [str(left[0]["taskReferenceName"]), str(right[0]["taskReferenceName"])]
        return [
            switch(self.ref(), case, {"a": left, "b": right}),
            task(self.ref(), "EXCLUSIVE_JOIN", joinOn=names),
        ]


_RETRIED: JsonObject = {"name": "r", "retryCount": 9, "retryDelaySeconds": 7}


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Return a definition with all that it starts, and how often its tasks fail."""
    building = _Building(draw)
    root = workflow("root", *building.tasks(depth=3, most=3))
    most_writes = draw(st.sampled_from([None, None, 3, 1]))
    return Scenario(
        "generated",
        [root, *building.children],
        results=building.results,
        writes_per_decision=most_writes,
    )
