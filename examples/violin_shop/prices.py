"""What the shop can build, and what that costs."""

from typing import Final

PARTS: Final = {
    "spruce top": 180,
    "maple back": 240,
    "ribs and linings": 90,
    "scroll": 150,
    "strings": 60,
    "varnish": 75,
}
LABOUR: Final = {"violin": 1900, "viola": 2200, "cello": 4800}
