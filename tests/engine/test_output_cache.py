"""cacheConfig: a task whose key was completed lately has that output, and nobody does it."""

from typing import Any

import pytest

from dalsegno_state.caching import MAX_CACHED_BYTES
from dalsegno_state.ports import HttpReply
from tests.engine.world import Definition, World, done, fails, simple, system


def a_cached(ref: str = "a", key: str = "${x}", ttl: int = 60, **fields: Any) -> Definition:
    return simple(
        ref,
        inputParameters={"x": "${workflow.input.x}"},
        cacheConfig={"key": key, "ttlInSecond": ttl},
        **fields,
    )


def complete(world: World, name: str = "a", **output: Any) -> None:
    world.report(world.take(name), done(**output))


@pytest.mark.parametrize("key", ["${x}", "k-${workflow.input.x}"])
def test_second_task_with_a_key_has_the_first_one_s_output(world: World, key: str) -> None:
    world.register(a_cached(key=key), simple("z"))
    world.start(inputs={"x": 1})
    complete(world, y=2)

    w = world.start(inputs={"x": 1})

    task = world.task(w, "a")
    assert (task.status, task.output_data, task.poll_count) == ("COMPLETED", {"y": 2}, 0)
    assert world.task(w, "z").status == "SCHEDULED"
    assert world.poll("a") == []


def test_other_keys_other_tasks_and_tasks_without_a_cache_are_done(world: World) -> None:
    world.register(a_cached(), a_cached("b"), simple("c", inputParameters={"x": 1}))
    world.start(inputs={"x": 1})
    for name in "abc":
        complete(world, name)

    world.start(inputs={"x": 2})
    assert len(world.poll("a")) == 1
    world.register(simple("b", inputParameters={"x": 1}))
    world.start(inputs={"x": 1})
    assert len(world.poll("b")) == 1


def test_output_is_forgotten_after_its_time(world: World) -> None:
    world.register(a_cached(ttl=60))
    world.start(inputs={"x": 1})
    complete(world)

    world.clock.advance(60)
    world.start(inputs={"x": 1})

    assert len(world.poll("a")) == 1


def test_failures_are_not_cached(world: World) -> None:
    world.define("a", retryCount=1)
    world.register(a_cached())
    world.start(inputs={"x": 1})
    world.report(world.take("a"), fails())
    complete(world, y=2)

    assert world.task(world.start(inputs={"x": 1}), "a").output_data == {"y": 2}


def test_large_output_is_made_again(world: World) -> None:
    world.register(a_cached())
    world.start(inputs={"x": 1})
    complete(world, y="y" * MAX_CACHED_BYTES)

    world.start(inputs={"x": 1})

    assert len(world.poll("a")) == 1


def test_rerun_task_is_done_again(world: World) -> None:
    world.register(a_cached())
    w = world.start(inputs={"x": 1})
    complete(world, y=2)

    world.rerun(w, reRunFromTaskId=world.task(w, "a").task_id)

    assert len(world.poll("a")) == 1


def test_call_of_an_http_task_is_not_made_again(world: World) -> None:
    world.http.replies["http://x/1"] = [HttpReply(status_code=200, reason_phrase="OK", body=b"{}")]
    task = system("HTTP", "h", {"uri": "http://x/1", "method": "GET"})
    world.register({**task, "cacheConfig": {"key": "${method}-${uri}", "ttlInSecond": 60}})

    first, second = world.start(), world.start()

    assert world.task(first, "h").output_data == world.task(second, "h").output_data
    assert [world.workflow(w).status for w in (first, second)] == ["COMPLETED", "COMPLETED"]
    assert len(world.http.calls) == 1


def test_branch_of_a_dynamic_fork_may_be_cached(world: World) -> None:
    world.register(
        system(
            "FORK_JOIN_DYNAMIC",
            "f",
            {"tasks": "${workflow.input.tasks}", "inputs": {"b": {"x": 1}}},
            dynamicForkTasksParam="tasks",
            dynamicForkTasksInputParamName="inputs",
        ),
        system("JOIN", "j"),
    )
    cached = simple("b", type="SIMPLE", cacheConfig={"key": "${x}", "ttlInSecond": 60})
    world.start(inputs={"tasks": [cached]})
    complete(world, "b", y=2)

    w = world.start(inputs={"tasks": [cached]})

    assert world.workflow(w).status == "COMPLETED"
    assert world.task(w, "j").output_data == {"b": {"y": 2}}
