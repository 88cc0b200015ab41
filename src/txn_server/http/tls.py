"""TLS for the API's port, for those who end it here and not at a load balancer (docs/tls.md).

What is offered follows RFC 9325: nothing below TLS 1.2, and the cipher suites that the interpreter's default leaves.
With an authority for clients, a client shows a certificate of it before a byte of HTTP is read.
"""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from uvicorn import Config

from txn_core.exceptions import SettingsError
from txn_core.settings import Settings

_TLS_VERSIONS: Final = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


def context_factory(settings: Settings) -> Callable[[Config, Callable[[], ssl.SSLContext]], ssl.SSLContext] | None:
    """What uvicorn makes its context with; nothing without a certificate, so that the port speaks plain HTTP.

    Raises:
        SettingsError: a file cannot be read, holds something else, or is not what another one goes with.
    """
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    context = server_context(settings.tls_cert_file, settings.tls_key_file, settings.tls_client_ca_file)
    return lambda _config, _default: context


def server_context(cert_file: Path, key_file: Path, client_ca_file: Path | None) -> ssl.SSLContext:
    """A context that shows this certificate, and with an authority of clients asks for theirs.

    Raises:
        SettingsError: as above.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # A passphrase would be asked for at a terminal that a service does not have.
        context.load_cert_chain(cert_file, key_file, password=lambda: b"")
    except OSError as error:  # of which ssl.SSLError is one
        raise SettingsError(
            f"TXN_TLS_CERT_FILE and TXN_TLS_KEY_FILE are not a PEM chain and its key: {_said(error)}"
        ) from None
    if client_ca_file is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_verify_locations(client_ca_file)
        except OSError as error:
            raise SettingsError(f"TXN_TLS_CLIENT_CA_FILE holds no PEM certificates: {_said(error)}") from None
    return context


def tls_extension(connection: ssl.SSLObject | None) -> dict[str, object] | None:
    """What ASGI's TLS extension tells an application of a connection; None of one without a client's certificate.

    The certificate was verified in the handshake; it is the client's own alone, without those between it and the
    authority, which Python does not tell of.
    """
    certificate = None if connection is None else connection.getpeercert(binary_form=True)
    if connection is None or not certificate:
        return None
    return {
        "server_cert": None,
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(certificate)],
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": _TLS_VERSIONS.get(connection.version() or ""),
        "cipher_suite": None,
    }


def _said(error: OSError) -> str:
    """What is amiss in a few words: OpenSSL's own name for it, or the system's."""
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return (reason or type(error).__name__).replace("_", " ").lower()
