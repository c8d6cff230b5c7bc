"""Without boto3 and moto there is nothing to test here."""

from importlib.util import find_spec

if find_spec("botocore") is None or find_spec("moto") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from tests.aws.fixtures import admin, clock, metered, ports, scripts

    __all__ = ["admin", "clock", "metered", "ports", "scripts"]
