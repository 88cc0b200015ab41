"""What answers tell browsers to refuse (Fetch, CSP 3, RFC 6797), beside what each route says of its own."""

from typing import Final

from txn_core.settings import Settings

Headers = tuple[tuple[bytes, bytes], ...]

_ALWAYS: Final[Headers] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# A year. The names below the host are the deployer's to speak for, and so is the preload list.
_OVER_TLS: Final[Headers] = ((b"strict-transport-security", b"max-age=31536000"),)

_OWN_FILES_ONLY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
_FEATURES_OFF: Final = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
_OF_PAGES: Final[dict[str, str]] = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES_OFF),
    "X-Frame-Options": "DENY",
}


def of_pages(insight_url: str | None) -> dict[str, str]:
    """For a page of ours: files of this service alone, no script or style in the text, no form that leaves, no frame.

    Its scripts may ask this service, and the insight service where there is one.
    """
    asked = {"connect-src": f"'self' {insight_url}"} if insight_url else {}
    policy = "; ".join(f"{name} {sources}" for name, sources in (_OWN_FILES_ONLY | asked).items())
    return {"Content-Security-Policy": policy, **_OF_PAGES}


def of_every_answer(settings: Settings) -> Headers:
    """The headers of each answer; RFC 6797, 7.2 has the one on transport sent over TLS alone."""
    return _ALWAYS if settings.tls_cert_file is None else _ALWAYS + _OVER_TLS
