"""Modules of the user's, named by their files."""

import importlib
import sys
from pathlib import Path
from types import ModuleType


def module_at(path: Path) -> ModuleType:
    """Return the module in a file, under the name by which others of its package import it.

    What it raises while it is imported is raised.
    """
    root = path.parent
    while (root / "__init__.py").exists():
        root = root.parent
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))
