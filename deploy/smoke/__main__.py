"""`python -m deploy.smoke --image REPOSITORY@sha256:DIGEST`, or `--delete PREFIX` after a run that was cut off.

Exit codes: 0 all rows are in all views and everything is deleted, or nothing was begun; 1 a step failed, or something
was left behind, which is named.
"""

import argparse
import secrets
import sys
from collections.abc import Callable
from typing import Any

import boto3

from deploy.smoke import estimate, leftovers
from deploy.smoke.stacks import Resource, SmokeError, Stacks
from deploy.smoke.system import System, environment_of, keys_of, names_of

ROWS = 10_000
STORES = ("data", "network", "access")
"""The stacks that run no process. Behind them comes `txn bootstrap`: no template notes how the index is laid out."""
STACKS = (*STORES, "service")
"""In the order in which each imports what those before it export."""
# One task of each: enough to lose one, and a fraction of the price.
SERVICE = {
    "Front": "none",
    "Deployment": "ROLLING",
    "ApiMin": "1",
    "IndexMin": "1",
    "ArchiveMin": "1",
    "ScoreMin": "0",
}


def main() -> int:
    """Ask, deploy, check, delete."""
    parser = argparse.ArgumentParser(prog="make smoke-aws", description=__doc__)
    parser.add_argument("--image", help="image in a registry of the account, by its digest")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and what it costs")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--delete", metavar="PREFIX", help="delete what a run under this prefix left")
    asked = parser.parse_args()
    if asked.image is None and asked.delete is None and not asked.dry_run:
        parser.error("--image is needed: push the image to a registry of the account first (docs/image.md)")
    prefix = asked.delete or f"txn-{secrets.token_hex(4)}"
    if asked.dry_run:
        say(*plan(prefix, asked.rows))
        return 0
    session = boto3.Session()
    try:
        identity = session.client("sts").get_caller_identity()
        say(f"account {identity['Account']}, region {session.region_name}, prefix {prefix}")
        if not asked.delete:
            say(*plan(prefix, asked.rows))
        if not (asked.yes or confirmed()):
            say("Nothing was done.")
            return 0
        if asked.delete:
            return 1 if take_away(prefix, session.client) else 0
        return run(asked.image, prefix, asked.rows, session, identity["Account"])
    except SmokeError as error:
        say(f"FAILED: {error}")
        return 1


def run(image: str, prefix: str, rows: int, session: Any, account: str) -> int:
    """Deploy, check and delete; what was begun is deleted however it ends."""
    failed = False
    stacks = Stacks(session.client("cloudformation"), prefix, say)
    try:
        for kind in STORES:
            stacks.create(kind, {})
        environment = environment_of(names_of(prefix, account, session.region_name), keys_of(prefix, session.client))
        system = System(prefix, environment, session.client, say)
        system.bootstrap()
        stacks.create("service", {"Image": image, **SERVICE})
        system.check(rows)
        say(f"All {rows:,} rows are in index and lake.")
    except SmokeError as error:
        failed = True
        say(f"FAILED: {error}")
    finally:
        left = take_away(prefix, session.client)
    return 1 if failed or left else 0


def take_away(prefix: str, client: Callable[[str], Any]) -> list[Resource]:
    """Delete the stacks and what they leave behind; gives what is left."""
    stacks = Stacks(client("cloudformation"), prefix, say)
    kept = [resource for kind in STACKS for resource in stacks.retained(kind)]
    for kind in reversed(STACKS):
        stacks.delete(kind)
    left = leftovers.delete(kept, prefix, client, say)
    if left:
        say(f"Left behind: {len(left)}. Delete them by hand.")
    return left


def plan(prefix: str, rows: int) -> list[str]:
    """What a run does, and what it costs."""
    return [
        f"Creates the stacks {', '.join(STACKS)} under {prefix}, with `txn bootstrap` before the last, sends",
        f"{rows:,} rows, stops a task of the index, compares index, lake and ledgers, and deletes everything, the",
        "data included. Nobody who wrote this had an account: watch it, and look into the console afterwards.",
        *estimate.lines(rows),
    ]


def confirmed() -> bool:
    """Whether a person types yes."""
    say("Type yes to spend this:")
    return sys.stdin.readline().strip() == "yes"


def say(*lines: str) -> None:
    """Print lines at once."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
