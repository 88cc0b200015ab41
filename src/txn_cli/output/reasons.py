"""What went wrong, and what to do about it, in one line: for kinds of errors that libraries and the system raise.

An exception's text may quote what was read or sent. So of each kind only what cannot hold a value is said: the
system's word for an error number, a service's error code, an address without its password, the path of a file.
"""

import errno
import os
import ssl
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

from ingest.api_client.replies import UNREACHED
from ingest.files.file_errors import FOR_WANT_OF_RESOURCES
from txn_cli import extras
from txn_core.aws.errors import EXPIRED_CREDENTIALS, THROTTLES, code_of
from txn_core.printable import shown_url

if TYPE_CHECKING:
    import httpx

DISK: Final = "make room there, or name a folder on another disk (--data-dir, --out, --output, --rejects)"
RIGHTS: Final = "name a folder that you may write to (--data-dir, --out, --output, --rejects), or change its rights"
KIND: Final = "name another path, or move what is there away"
CREDENTIALS: Final = (
    "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in (aws sso login); servers on this "
    "machine take any"
)
NAMES: Final = "check TXN_STREAM, TXN_TABLE_PREFIX, TXN_BUCKET and the region, or make it with `txn bootstrap`"

_OF_THE_SYSTEM: Final = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), DISK),
    errno.EFBIG: f"the limit on the size of files is reached (ulimit -f); {DISK}",
    **dict.fromkeys((errno.EROFS, errno.EACCES, errno.EPERM), RIGHTS),
    **dict.fromkeys((errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOENT, errno.ELOOP, errno.ENAMETOOLONG), KIND),
    errno.EADDRINUSE: "name another port (--port)",
    errno.EPIPE: "whoever read the output has gone",
    **FOR_WANT_OF_RESOURCES,
    errno.EIO: "look at the disk, or the terminal, that was written to",
    **dict.fromkeys(
        (errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED, errno.ETIMEDOUT, errno.EHOSTUNREACH), UNREACHED
    ),
    errno.ENETUNREACH: UNREACHED,
}
_OF_SERVICES: Final = {
    **dict.fromkeys(
        (
            *(
                "UnrecognizedClientException",
                "InvalidClientTokenId",
                "InvalidSignatureException",
                "InvalidAccessKeyId",
            ),
            *(
                "SignatureDoesNotMatch",
                "IncompleteSignature",
                "IncompleteSignatureException",
                "MissingAuthenticationToken",
            ),
        ),
        f"the service does not know these credentials: {CREDENTIALS}",
    ),
    **dict.fromkeys(
        (*EXPIRED_CREDENTIALS, "RequestTimeTooSkewed"),
        "the credentials have expired, or this machine's clock is wrong: log in again (aws sso login)",
    ),
    **dict.fromkeys(
        ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled", "403", "Forbidden"),
        "the credentials lack the right to this, or it is another account's: use others, or have it granted",
    ),
    **dict.fromkeys(
        ("ResourceNotFoundException", "NoSuchBucket", "NoSuchKey", "404", "TableNotFoundException"), NAMES
    ),
    **dict.fromkeys(
        (
            *THROTTLES,
            *("ServiceUnavailable", "InternalError", "InternalServerError", "InternalFailure", "500", "503"),
        ),
        "the service has too much to do, or fails: try again in a minute",
    ),
    "InvalidObjectState": "the object is archived (S3 Glacier): restore it, and keep the lake in S3 Standard",
    **dict.fromkeys(
        (
            *("KMS.DisabledException", "KMS.NotFoundException", "KMS.KMSInvalidStateException"),
            *("KMSDisabledException", "KMSNotFoundException", "KMSInvalidStateException", "KMSAccessDeniedException"),
        ),
        "the key of KMS that encrypts this cannot be used: enable it, or have its use granted",
    ),
    **dict.fromkeys(
        (
            "InvalidBucketName",
            "BucketAlreadyExists",
            "BucketAlreadyOwnedByYou",
            "PermanentRedirect",
            "301",
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
        ),
        "name another bucket (TXN_BUCKET), or the region of this one",
    ),
}


def reason_of(error: BaseException) -> str | None:
    """Cause and remedy of an error, or None for one that nobody expected."""
    return next((told for kind, of in _kinds() if isinstance(error, kind) and (told := of(error)) is not None), None)


def cannot_write(path: object, error: OSError) -> str:
    """That a file cannot be written, why, and what to do."""
    remedy = _OF_THE_SYSTEM.get(error.errno or 0)
    return f"cannot write {path}: {error.strerror}{f': {remedy}' if remedy else ''}"


def _of_client(error: aws.ClientError) -> str | None:
    """What to do about a service's refusal, or None for a code that nobody expected."""
    code = code_of(error)
    remedy = _OF_SERVICES.get(code)
    return None if remedy is None else f"{error.operation_name} failed with {code}: {remedy}"


def _of_address(error: aws.BotoCoreError) -> str:
    where = error.kwargs.get("endpoint_url") or error.kwargs.get("proxy_url")
    return f"no answer from {shown_url(where) if where else 'the service'} ({type(error).__name__}): {UNREACHED}"


def _of_transport(error: "httpx.TransportError") -> str:
    return f"no answer from {_asked(error)} ({type(error).__name__}): {UNREACHED}"


def _asked(error: "httpx.TransportError") -> str:
    try:
        return shown_url(error.request.url)
    except RuntimeError:  # no request was made
        return "the service"


def _of_system(error: OSError) -> str | None:
    remedy = _OF_THE_SYSTEM.get(error.errno or 0)
    if remedy is None:
        return None
    path = error.filename if isinstance(error.filename, str) else ""
    return f"{f'{path}: ' if path else ''}{os.strerror(error.errno or 0)}: {remedy}"


def _always(text: str) -> Callable[[BaseException], str]:
    return lambda _: text


def _raised_by(library: str, *names: str) -> tuple[type[BaseException], ...]:
    """Kinds of errors of a library; none while nothing has imported it, for it cannot have raised any.

    To import it here would take a sixth of what a command takes to start, whether or not something fails.
    """
    loaded = sys.modules.get(library)
    return tuple(getattr(loaded, name) for name in names if hasattr(loaded, name))


_Told = tuple[type[BaseException] | tuple[type[BaseException], ...], Callable[..., str | None]]
_OF_AWS: Final[tuple[_Told, ...]] = (
    ((aws.NoCredentialsError, aws.PartialCredentialsError), _always(f"there are no AWS credentials: {CREDENTIALS}")),
    (
        (aws.CredentialRetrievalError, aws.TokenRetrievalError, aws.SSOError, aws.InvalidConfigError),
        _always(f"the AWS credentials cannot be read: {CREDENTIALS}"),
    ),
    (
        (aws.ProfileNotFound, aws.ConfigParseError, aws.ConfigNotFound),
        _always("the AWS profile cannot be read: set AWS_PROFILE to one that `aws configure list-profiles` shows"),
    ),
    (aws.NoRegionError, _always("the AWS region is not known: set TXN_AWS_REGION")),
    ((aws.InvalidEndpointDiscoveryConfigurationError, aws.InvalidRegionError), _always("set another TXN_AWS_REGION")),
    ((aws.ConnectionError, aws.HTTPClientError), _of_address),
    (aws.ClientError, _of_client),
    (
        aws.BotoCoreError,
        lambda error: f"the AWS client refuses this ({type(error).__name__}): check the TXN_*_ENDPOINT_URL and AWS_*",
    ),
    (ResponseParserError, _always("what answers there is no service of AWS: check the TXN_*_ENDPOINT_URL")),
)
_OF_MACHINES: Final[tuple[_Told, ...]] = (
    (
        ssl.SSLCertVerificationError,
        _always("the service's certificate is not trusted: set SSL_CERT_FILE (docs/tls.md)"),
    ),
    (ssl.SSLError, _always("no TLS is spoken there, or none that we do: check http and https, and the port")),
    (TimeoutError, _always(f"no answer in time: {UNREACHED}")),
    (OSError, _of_system),
    (ModuleNotFoundError, extras.of_import),
    (MemoryError, _always("there is not enough memory: end other processes, or raise the limit (ulimit -v)")),
)


def _kinds() -> tuple[_Told, ...]:
    """Each kind before those that it is one of."""
    return (
        *_OF_AWS,
        (_raised_by("httpx", "TransportError"), _of_transport),
        (
            _raised_by("httpx", "InvalidURL", "HTTPError"),
            lambda error: f"that is no address of a service ({type(error).__name__}): give --url http(s)://HOST:PORT",
        ),
        *_OF_MACHINES,
    )
