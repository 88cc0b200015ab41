"""How much memory a Zstandard frame needs to be decompressed, told by its first bytes (RFC 8878, 3.1.1.1).

The library reads the same bytes, and tells nobody before it has taken the memory.
"""

from typing import Final

WINDOW_LOG_MAX: Final = 23
"""8 MiB: what HTTP allows a frame to have its receiver keep (RFC 9659)."""
CONTEXT_BYTES: Final = 192 << 10
"""Of the library, whatever the frame: tables and literals."""
BLOCK_BYTES_MAX: Final = 128 << 10

_MAGIC: Final = (0xFD2FB528).to_bytes(4, "little")
_SINGLE_SEGMENT: Final = 0x20
_DICTIONARY_ID_BYTES: Final = (0, 1, 2, 4)
_CONTENT_SIZE_BYTES: Final = (0, 2, 4, 8)
_CONTENT_SIZE_OF_2_BYTES: Final = 256  # what two bytes say is so much less than it is


def bytes_needed(begin: bytes) -> int | None:
    """The bytes that decompressing a frame takes at most, by its beginning; None if that is too short to tell.

    Nothing is needed for what is no Zstandard frame, a skippable one among them, or one that the library will refuse.
    """
    if not (begin.startswith(_MAGIC) or _MAGIC.startswith(begin)):
        return 0
    if len(begin) <= len(_MAGIC):
        return None
    descriptor = begin[len(_MAGIC)]
    content_size_bytes = _CONTENT_SIZE_BYTES[descriptor >> 6]
    is_single = bool(descriptor & _SINGLE_SEGMENT)
    if is_single:
        content_size_bytes = max(content_size_bytes, 1)
    window_at = len(_MAGIC) + 1
    content_size_at = window_at + (not is_single) + _DICTIONARY_ID_BYTES[descriptor & 3]
    end = content_size_at + content_size_bytes
    if len(begin) < end:
        return None
    content = int.from_bytes(begin[content_size_at:end], "little")
    if content_size_bytes == _CONTENT_SIZE_BYTES[1]:
        content += _CONTENT_SIZE_OF_2_BYTES
    window = content if is_single else _window(begin[window_at])
    if window > 1 << WINDOW_LOG_MAX:
        return 0
    if content_size_bytes:
        window = min(window, content)
    return CONTEXT_BYTES + window + 2 * min(window, BLOCK_BYTES_MAX)


def _window(descriptor: int) -> int:
    """The window's size (RFC 8878, 3.1.1.1.2)."""
    base = 1 << (10 + (descriptor >> 3))
    return base + base // 8 * (descriptor & 7)
