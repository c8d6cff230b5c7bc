"""Lists, shows and sends back the dead letters of a deployment, for whoever may read its queues.

    python -m dalsegno_functions.dead_letters --stage prod list
    python -m dalsegno_functions.dead_letters --stage prod show _results --count 10
    python -m dalsegno_functions.dead_letters --stage prod redrive _results --dry-run

A queue is named as ``list`` names it: by where its dead letters come from.
"""

import argparse
import json
import sys
from collections.abc import Callable
from typing import Final

from dalsegno.errors import ConductorError
from dalsegno.models import EpochMillis
from dalsegno_functions.clock import SystemClock
from dalsegno_functions.wiring import dead_letters, region_of_environment
from dalsegno_state.dead_letters import DeadLetters

_MINUTE_MS: Final = 60_000
_SHOWN: Final = 10


def tell(letters: DeadLetters, now: EpochMillis, write: Callable[[str], object]) -> None:
    """Write a line for each queue: how many dead letters, and how old the oldest is."""
    for queue in letters.queues():
        age = ""
        if queue.oldest_sent_at is not None:
            age = f"  oldest sent {(now - queue.oldest_sent_at) // _MINUTE_MS} min ago"
        write(f"{queue.source:<24}  {queue.depth:>7}{age}\n")


def show(letters: DeadLetters, source: str, count: int, write: Callable[[str], object]) -> None:
    """Write a line of JSON for each dead letter, oldest first."""
    for letter in letters.letters(source, count):
        shown = {"id": letter.message_id, "sentAt": letter.sent_at, "body": letter.body}
        write(json.dumps(shown) + "\n")


def redrive(
    letters: DeadLetters, source: str, write: Callable[[str], object], *, is_rehearsal: bool
) -> None:
    """Send all dead letters of a queue back to it, or only write how many they are."""
    if is_rehearsal:
        depth = next((each.depth for each in letters.queues() if each.source == source), 0)
        write(f"would send about {depth} back to {source}; nothing was changed\n")
        return
    count = letters.redrive(source).count
    if count is None:
        write(f"SQS is sending them back to {source}; list shows how far it is\n")
    else:
        write(f"sent {count} back to {source}\n")


def main() -> int:
    """Do what is asked and return the exit status."""
    arguments = _parser().parse_args()
    region = arguments.region or region_of_environment()
    if not region:
        sys.stderr.write("no region: give --region, or set AWS_REGION\n")
        return 2
    letters = dead_letters(region, f"dalsegno-{arguments.stage}-")
    write = sys.stdout.write
    try:
        match arguments.action:
            case "list":
                tell(letters, SystemClock().now(), write)
            case "show":
                show(letters, arguments.queue, arguments.count, write)
            case _:
                redrive(letters, arguments.queue, write, is_rehearsal=arguments.dry_run)
    except ConductorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stage", required=True, help="the setting of the deployment")
    parser.add_argument("--region", help="by default that of the environment")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="print how many there are, and how old")
    showing = actions.add_parser("show", help="print some, and leave them where they are")
    showing.add_argument("queue")
    showing.add_argument("--count", type=int, default=_SHOWN, help="at most so many")
    redriving = actions.add_parser("redrive", help="send all of a queue back to where they were")
    redriving.add_argument("queue")
    redriving.add_argument("--dry-run", action="store_true", help="only print how many they are")
    return parser


if __name__ == "__main__":
    sys.exit(main())
