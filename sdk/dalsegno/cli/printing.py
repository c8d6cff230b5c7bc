"""The console of commands: foreign text in it is shown, never obeyed."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from dalsegno.printable import printable


class PrintableConsole(Console):
    """Writes colours and movements of its own, and escapes those that texts bring along."""

    def __init__(
        self,
        *,
        width: int | None = None,
        stderr: bool = False,
        markup: bool = True,
        emoji: bool = True,
        soft_wrap: bool = False,
    ) -> None:
        super().__init__(
            width=width,
            stderr=stderr,
            highlight=False,
            markup=markup,
            emoji=emoji,
            soft_wrap=soft_wrap,
        )

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of what is printed; controls are rich's own, text is printable."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable(segment.text), segment.style)
