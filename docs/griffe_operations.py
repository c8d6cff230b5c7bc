"""Shows methods of clients in the reference as they are called: by what they give."""

from typing import Final

import griffe

_DECORATORS: Final = frozenset({"operation", "listing"})


class Operations(griffe.Extension):
    """Shows ``Call[T]`` as ``T`` and ``Pages[T]`` as ``Iterator[T]``."""

    def on_function(self, *, func: griffe.Function, **_: object) -> None:
        """Change what a method returns, if one of the client's decorators does."""
        decorators = {str(each.value) for each in func.decorators}
        returned = func.returns
        if decorators.isdisjoint(_DECORATORS) or not isinstance(returned, griffe.ExprSubscript):
            return
        item = returned.slice
        iterator = griffe.ExprSubscript(griffe.ExprName("Iterator", parent=func), item)
        func.returns = iterator if "listing" in decorators else item
