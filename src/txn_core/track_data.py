"""Magnetic stripe data (ISO/IEC 7813) in text: it holds a card number, and may never be kept (PCI DSS 3.3.1).

Track 1 is `%B`, the number, `^`, the name, `^`, expiry and service code; track 2 is `;`, the number, `=`, expiry and
service code. A chip writes `D` for track 2's `=` (EMV Book 3, tag 57). Readers often drop the sentinels `%` and `;`.
"""

import re
from typing import Final

_GAP: Final = "[ ._/-]{0,2}"  # some cards have spaces in the number of track 1
_NUMBER: Final = rf"[0-9](?:{_GAP}[0-9]){{11,18}}"
_EXPIRY_AND_SERVICE: Final = r"[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{3}"
_TRACKS: Final = re.compile(
    "|".join(
        (
            rf"%[A-Za-z]?{_NUMBER}{_GAP}\^",
            rf"(?<![A-Za-z0-9])[A-Za-z]?{_NUMBER}{_GAP}\^[^^]{{0,30}}\^",
            r";[0-9]{12,21}=",  # track 3 has two digits more in front
            rf"(?<![A-Za-z0-9])[0-9]{{12,19}}[=Dd]{_EXPIRY_AND_SERVICE}",
        )
    )
)


def holds_track_data(text: str) -> bool:
    """Whether ASCII text holds a track with a number of 12 to 19 digits, whoever issued it."""
    return _TRACKS.search(text) is not None
