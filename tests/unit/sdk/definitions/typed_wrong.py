"""Mistakes that mypy finds, each on a line that says so; never run."""

from dalsegno.definitions import (
    Workflow,
    each,
    input,
    loop,
    parallel,
    switch,
    task,
    terminate,
    wait,
)

reserve = task("reserve")

task(3)  # error
task("a", amount=object())  # error
task("a", amount=reserve)  # error
task("a", ref=input.name)  # error
task("a").with_options(optional="yes")  # error
task("a").with_options(retries=2)  # error
switch(True, {"a": []})  # error
switch(input.a, {"a": "task"})  # error
switch(input.a, [task("a")])  # error
parallel("a", "b")  # error
each(3, "pack")  # error
loop(task("a"), times="3")  # error
wait(until=90)  # error
terminate("DONE")  # error
Workflow("w", "reserve")  # error
Workflow("w", reserve, version="1")  # error
print(reserve.result)  # error
print(input.a + 1)  # error
