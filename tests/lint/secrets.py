"""Searches our files for secrets that somebody left there, with detect-secrets (`python -m tests.lint.secrets`).

Its own baseline file has no place for a reason and has to be written again whenever a line moves; here each find that
is none stands with its reason. Nothing is verified over the network.
"""

import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = (".ci", "bench", "deploy", "devkit", "docs", "src", "tests")
SUFFIXES: Final = frozenset(
    {".css", ".html", ".js", ".json", ".md", ".mmd", ".py", ".sh", ".toml", ".ts", ".yaml", ""}
)
# Generated, from what is searched itself, or lists of hashes.
LEFT_OUT: Final = frozenset({"openapi.yaml", "package-lock.json"})
PROCESSES: Final = 2
# What may turn up here: keys of AWS and of ours, private keys, passwords in URLs, tokens of forges and registries.
DETECTORS: Final = (
    *("AWSKeyDetector", "BasicAuthDetector", "GitHubTokenDetector", "JwtTokenDetector", "KeywordDetector"),
    *("PrivateKeyDetector", "PypiTokenDetector"),
)
ENTROPIES: Final = {"Base64HighEntropyString": 4.5, "HexHighEntropyString": 3.0}


class Find(NamedTuple):
    """What looks like a secret: the file, the detector's word for it, the line."""

    file: str
    kind: str
    line: int


# Number of finds by file and kind, with the reason why they are no secrets.
ALLOWED: Final[dict[tuple[str, str], tuple[int, str]]] = {
    ("src/txn_api/routes/transaction_shapes.py", "Base64 High Entropy String"): (2, "cursors, made up"),
    ("src/txn_api/routes/transaction_shapes.py", "Hex High Entropy String"): (3, "a transaction id and entity tags"),
    ("src/txn_api/routes/review_shapes.py", "Base64 High Entropy String"): (1, "a cursor, made up"),
    ("src/fraud/model/shipped_model/manifest.json", "Hex High Entropy String"): (2, "digests of files"),
    ("tests/fraud/history/test_packing.py", "Hex High Entropy String"): (2, "the known bytes of a history"),
    ("tests/txn_api/edge/test_edge.py", "Secret Keyword"): (1, "the text of an exception that must not be told"),
    ("tests/txn_api/edge/test_trace.py", "Hex High Entropy String"): (1, "the trace id of W3C's own examples"),
    ("tests/txn_cli/fake_api.py", "Secret Keyword"): (1, "the key that a fake API takes"),
    ("tests/ingest/layouts/test_bank.py", "Hex High Entropy String"): (3, "a transaction id"),
    ("tests/txn_cli/load/test_bookmark.py", "Secret Keyword"): (1, "a made-up API key"),
    ("tests/txn_cli/simulator/test_simulated_rows.py", "Hex High Entropy String"): (1, "the hash of simulated rows"),
    ("tests/txn_cli/key_backup/test_backup_document.py", "Hex High Entropy String"): (1, "a known answer of an HMAC"),
    ("tests/txn_cli/stack/test_environment.py", "Secret Keyword"): (1, "a made-up API key"),
    ("tests/ingest/layouts/test_kaggle.py", "Hex High Entropy String"): (1, "a transaction id"),
    ("tests/txn_cli/api_client/test_target.py", "Secret Keyword"): (2, "made-up keys of a stack"),
    ("tests/txn_core/transactions/test_event.py", "Hex High Entropy String"): (1, "the hash of events"),
    ("tests/txn_core/test_idempotency.py", "Hex High Entropy String"): (1, "a known answer of a fingerprint"),
    ("tests/txn_core/card_numbers/test_free_text.py", "Hex High Entropy String"): (1, "a transaction id"),
    ("tests/txn_core/test_settings.py", "Secret Keyword"): (1, "made up, and must not be shown"),
    ("tests/txn_core/card_numbers/test_track_data.py", "Hex High Entropy String"): (1, "a transaction id"),
    ("tests/lint/test_terminal.py", "Secret Keyword"): (1, "a line of code that the rule is tried on"),
    ("tests/txn_api/access/test_standing.py", "Secret Keyword"): (1, "the code of a problem"),
    ("tests/txn_api/access/test_token_forms.py", "Base64 High Entropy String"): (1, "the digits of base64url"),
    ("tests/txn_core/card_lists/lettered_ids.py", "Base64 High Entropy String"): (1, "the digits of base 32"),
    ("tests/txn_core/test_loopback.py", "Basic Auth Credentials"): (1, "a made-up password in a URL that is refused"),
    ("tests/warehouse/landing/test_redshift_landing.py", "Secret Keyword"): (2, "made up, and must not be shown"),
    ("src/warehouse/run/redshift_target.py", "Basic Auth Credentials"): (1, "the form of an address"),
    ("tests/warehouse/run/test_redshift_target.py", "Basic Auth Credentials"): (1, "a made-up address"),
    ("tests/warehouse/run/test_redshift_target.py", "Secret Keyword"): (2, "a made-up password"),
    ("README.md", "Basic Auth Credentials"): (1, "the form of an address, in the table of settings"),
    ("docs/redshift.md", "Basic Auth Credentials"): (1, "the form of an address"),
    ("src/txn_core/setting_groups/warehouse_settings.py", "Basic Auth Credentials"): (1, "the form of an address"),
    ("src/warehouse/run/postgres_target.py", "Basic Auth Credentials"): (1, "the form of an address"),
    ("src/txn_cli/stack/environment.py", "Secret Keyword"): (1, "the name of a setting"),
    ("tests/txn_core/test_positions.py", "Hex High Entropy String"): (1, "a known answer of a digest"),
    ("tests/warehouse/run/test_targets.py", "Secret Keyword"): (1, "a made-up password"),
    ("tests/deploy/forbidden_calls.py", "Secret Keyword"): (1, "the name of a secret"),
    ("tests/deploy/test_functions.py", "Secret Keyword"): (1, "the name of a variable"),
    ("tests/support/credential_endpoint.py", "Secret Keyword"): (1, "the key that a made-up endpoint gives"),
    ("tests/workers/lambdas/test_execution_environment.py", "Secret Keyword"): (1, "made up, and must not be shown"),
    ("tests/workers/lambdas/test_kinesis_events.py", "Secret Keyword"): (1, "made up, and must not be shown"),
    ("tests/workers/index/test_imports.py", "Secret Keyword"): (1, "made up, so that clients are made"),
    ("tests/workers/leases/test_ledger.py", "Hex High Entropy String"): (1, "a known answer of a digest"),
}


def files(root: Path) -> list[Path]:
    """Every text file of ours."""
    below = (file for folder in FOLDERS for file in (root / folder).rglob("*"))
    found = [file for file in (*root.iterdir(), *below) if file.is_file() and file.suffix in SUFFIXES]
    return sorted(file for file in found if file.name not in LEFT_OUT and not _is_vendored(file.relative_to(root)))


def finds_in(paths: Iterable[Path]) -> list[Find]:
    """What looks like a secret in some files."""
    plugins = [{"name": name} for name in DETECTORS]
    limited = [{"name": name, "limit": limit} for name, limit in ENTROPIES.items()]
    with transient_settings({"plugins_used": [*plugins, *limited]}):
        return [
            Find(
                path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name,
                secret.type,
                secret.line_number,
            )
            for path in paths
            for secret in scan_file(str(path))
        ]


def complaints(found: Iterable[Find], allowed: dict[tuple[str, str], tuple[int, str]]) -> Iterator[str]:
    """Finds that no reason is given for, and reasons that nothing needs."""
    by_place: dict[tuple[str, str], list[int]] = {}
    for find in found:
        by_place.setdefault((find.file, find.kind), []).append(find.line)
    for place in sorted(by_place.keys() | allowed.keys()):
        lines, (count, _) = by_place.get(place, []), allowed.get(place, (0, ""))
        if len(lines) != count:
            yield f"{place[0]}: {place[1]} in lines {sorted(lines)}; allowed are {count} (tests/lint/secrets.py)"


def main() -> None:
    """Search all files."""
    paths = files(ROOT)
    with ProcessPoolExecutor(PROCESSES) as processes:
        parts = processes.map(finds_in, [paths[part::PROCESSES] for part in range(PROCESSES)])
        wrong = list(complaints((find for part in parts for find in part), ALLOWED))
    if wrong:
        sys.exit("\n".join(wrong))


def _is_vendored(path: Path) -> bool:
    return "node_modules" in path.parts or "__pycache__" in path.parts


if __name__ == "__main__":
    main()
