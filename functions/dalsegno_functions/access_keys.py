"""Creates, lists and revokes access keys of a deployment, for whoever may write its table.

    python -m dalsegno_functions.access_keys --table NAME create --role worker --task-type greet
    python -m dalsegno_functions.access_keys --table NAME list
    python -m dalsegno_functions.access_keys --table NAME revoke KEY_ID

The table is the output ``DefinitionTable`` of the stack.
"""

import argparse
import secrets
import sys
from typing import Final

from dalsegno_functions.auth.keys import AccessKey, AccessKeys, hash_of
from dalsegno_functions.auth.roles import Identity, Role
from dalsegno_functions.clock import SystemClock
from dalsegno_functions.wiring import access_key_table, region_of_environment

_ID_BYTES: Final = 8
_SECRET_BYTES: Final = 32


def create(keys: AccessKeys, role: Role, task_types: list[str], note: str) -> tuple[str, str]:
    """Store a new key; return its id and its secret, which is not to be had again."""
    key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    identity = Identity(caller=key_id, role=role, task_types=frozenset(task_types))
    keys.add(
        AccessKey(
            identity=identity,
            secret_hash=hash_of(secret),
            created_at=SystemClock().now(),
            note=note,
        )
    )
    return key_id, secret


def main() -> int:
    """Do what is asked and return the exit status."""
    arguments = _parser().parse_args()
    region = arguments.region or region_of_environment()
    if not region:
        sys.stderr.write("no region: give --region, or set AWS_REGION\n")
        return 2
    keys = access_key_table(region, arguments.table)
    match arguments.action:
        case "create":
            key_id, secret = create(keys, Role(arguments.role), arguments.task_type, arguments.note)
            sys.stdout.write(f"CONDUCTOR_AUTH_KEY={key_id}\nCONDUCTOR_AUTH_SECRET={secret}\n")
        case "list":
            for key in keys.keys():  # noqa: SIM118  (no dictionary)
                types = " ".join(sorted(key.identity.task_types))
                who = key.identity
                sys.stdout.write(f"{who.caller}  {who.role:<8}  {types}  {key.note}\n")
        case _:
            if not keys.revoke(arguments.key_id):
                sys.stderr.write(f"there is no key {arguments.key_id}\n")
                return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", required=True, help="the stack's DefinitionTable")
    parser.add_argument("--region", help="by default that of the environment")
    actions = parser.add_subparsers(dest="action", required=True)
    creating = actions.add_parser("create", help="make a key and print it, this once")
    creating.add_argument("--role", choices=[role.value for role in Role], required=True)
    creating.add_argument(
        "--task-type", action="append", default=[], help="worker: works on this; may be repeated"
    )
    creating.add_argument("--note", default="", help="what it is for")
    actions.add_parser("list", help="print all keys, without their secrets")
    actions.add_parser("revoke", help="lock a key out, within a minute").add_argument("key_id")
    return parser


if __name__ == "__main__":
    sys.exit(main())
