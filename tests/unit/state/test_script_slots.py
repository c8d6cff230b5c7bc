"""The line in which scripts wait: bounded, fair to every workflow, and not for ever."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.sandbox.slots import Slots
from dalsegno_state.scripts import ScriptsBusyError, ScriptTimeoutError
from tests.eventually import eventually


def slots_of(count: int, *, wait_seconds: float = 30, most: int = 100) -> Slots[int]:
    return Slots(
        list(range(count)), wait_seconds=wait_seconds, max_waiting=most, max_waiting_of_one=most
    )


def started(work: Callable[[], object]) -> Thread:
    thread = Thread(target=work, daemon=True)
    thread.start()
    return thread


def waiting(slots: Slots[int]) -> int:
    return sum(map(len, slots._lines.values()))


def run_out_of_time(sandbox: SandboxedScripts) -> None:
    with pytest.raises(ScriptTimeoutError):
        sandbox.javascript("while (true) {}", {})


def test_names_are_served_in_turn_however_many_wait_of_one() -> None:
    slots = slots_of(1)
    served: list[str] = []

    def serve(name: str) -> None:
        slot = slots.acquire(name)
        served.append(name)
        slots.release(slot)

    slot = slots.acquire("first")
    threads = []
    for count, name in enumerate(["greedy"] * 10 + ["modest"] + ["greedy"] * 5 + ["other"], 1):
        threads.append(started(lambda name=name: serve(name)))  # type: ignore[misc]
        eventually(lambda: waiting(slots), lambda seen, count=count: seen == count)  # type: ignore[misc]
    slots.release(slot)
    for thread in threads:
        thread.join(30)

    assert served[:3] == ["greedy", "modest", "other"]
    assert sorted(served) == ["greedy"] * 15 + ["modest", "other"]
    assert slots.acquire("again") == 0


def test_who_waits_too_long_is_told_and_leaves_the_line() -> None:
    slots = slots_of(1, wait_seconds=0.05)
    slot = slots.acquire("a")

    with pytest.raises(ScriptsBusyError):
        slots.acquire("b")
    slots.release(slot)

    assert waiting(slots) == 0
    assert slots.acquire("c") == slot


def test_full_line_takes_nobody_more() -> None:
    slots: Slots[int] = Slots([0], wait_seconds=30, max_waiting=3, max_waiting_of_one=2)
    slot = slots.acquire("a")
    threads = [started(lambda: slots.release(slots.acquire("a"))) for _ in range(2)]
    eventually(lambda: waiting(slots), lambda seen: seen == 2)

    with pytest.raises(ScriptsBusyError):
        slots.acquire("a")
    threads.append(started(lambda: slots.release(slots.acquire("b"))))
    eventually(lambda: waiting(slots), lambda seen: seen == 3)
    with pytest.raises(ScriptsBusyError):
        slots.acquire("c")

    slots.release(slot)
    for thread in threads:
        thread.join(30)


def test_script_waits_for_its_turn_only_so_long() -> None:
    sandbox = SandboxedScripts(timeout_seconds=3, processes=1, wait_seconds=0.1)
    endless = started(lambda: run_out_of_time(sandbox))
    eventually(lambda: sandbox._slots["scripts"]._free, lambda free: not free)

    with pytest.raises(ScriptsBusyError, match="too many scripts are running; try again"):
        sandbox.on_behalf_of("other").javascript("1", {})

    endless.join(30)
    assert sandbox.javascript("1", {}) == 1
    sandbox.close()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells no processor time")
def test_script_is_stopped_by_the_processor_time_it_took_not_by_the_clock() -> None:
    sandbox = SandboxedScripts(timeout_seconds=1.0, processes=1)
    sandbox.javascript("1", {})
    process = sandbox._children["scripts"][0].process
    assert process is not None
    pid = process._process.pid
    os.kill(pid, 19)  # SIGSTOP: it is not given the processor for longer than its time

    answers: list[object] = []
    asking = started(lambda: answers.append(sandbox.javascript("6 * 7", {})))
    began = time.monotonic()
    asking.join(2)
    os.kill(pid, 18)  # SIGCONT
    asking.join(30)

    assert time.monotonic() - began > 1.5
    assert answers == [42]
    sandbox.close()


def test_name_with_a_slow_script_is_not_given_the_last_slot() -> None:
    slots = slots_of(2)
    slow = slots.acquire("slow")

    def is_refused() -> bool:
        try:
            slots.release(slots.acquire("slow"))
        except ScriptsBusyError:
            return True
        return False

    assert not is_refused()
    eventually(is_refused, bool)
    slots.release(slots.acquire("quick"))
    slots.release(slow)
    assert not is_refused()
