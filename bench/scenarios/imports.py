"""CPU time of importing the handlers, each time in a new process."""

import subprocess
import sys
from collections.abc import Iterator
from statistics import median

from bench.figures import Figure
from bench.scale import Scale

_BUDGETS_MS = {"dalsegno_functions.api": 400, "dalsegno_functions.poll": 200, "dalsegno": None}
_RUNS = 5


def measure(_scale: Scale) -> Iterator[Figure]:
    """Yield the CPU time of each import, the interpreter's own start not included."""
    for module, budget_ms in _BUDGETS_MS.items():
        cost = median(_import_ms(module) for _ in range(_RUNS))
        yield Figure(f"import {module}", cost, "ms CPU", at_most=budget_ms)


def _import_ms(module: str) -> float:
    program = (
        "import time; began = time.process_time(); "
        f"import {module}; print((time.process_time() - began) * 1000)"
    )
    return float(subprocess.check_output([sys.executable, "-c", program]))
