"""Tables, bucket and schedule group as the stack makes them, for adapters under test."""

from bench.deployment import (
    REGION,
    create_resources,
    create_table,
    deployed,
    environment,
    settings_of,
)

__all__ = [
    "REGION",
    "create_resources",
    "create_table",
    "deployed",
    "environment",
    "settings_of",
]
