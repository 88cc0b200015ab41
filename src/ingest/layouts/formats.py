"""Forms of times and dates, as `strftime` writes them, read strictly.

`strptime` would take `2019-1-1 0:0:0` for `%Y-%m-%d %H:%M:%S`, month names in the machine's language, and
need ten times as long.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from ingest.layouts.zones import zone_of

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PARTS: Final[Mapping[str, str]] = {
    "Y": r"(?P<Y>[0-9]{4})",
    "m": r"(?P<m>[0-9]{2})",
    "d": r"(?P<d>[0-9]{2})",
    "H": r"(?P<H>[0-9]{2})",
    "I": r"(?P<I>[0-9]{2})",
    "M": r"(?P<M>[0-9]{2})",
    "S": r"(?P<S>[0-9]{2})",
    "-m": r"(?P<m>[0-9]{1,2})",
    "-d": r"(?P<d>[0-9]{1,2})",
    "-H": r"(?P<H>[0-9]{1,2})",
    "-I": r"(?P<I>[0-9]{1,2})",
    "b": rf"(?P<b>(?i:{'|'.join(_MONTHS)}))",
    "p": r"(?P<p>(?i:AM|PM))",
    "f": r"(?P<f>[0-9]{1,9})",
    "z": r"(?P<z>[Zz]|[+-][0-9]{2}:?[0-5][0-9])",
    "%": "%",
}
_PART: Final = re.compile(r"%(-?.?)")


def checked_format(text: str) -> str:
    """The format itself.

    Raises:
        ValueError: it has a part that is not known here, one twice, or no whole date.
    """
    groups = compiled(text).groupindex
    if "Y" not in groups or "d" not in groups or not {"m", "b"} & set(groups):
        raise ValueError("a format needs a year, a month and a day: %Y, %m or %b, %d")
    return text


@lru_cache(64)
def compiled(text: str) -> re.Pattern[str]:
    """The pattern of cells in a format.

    Raises:
        ValueError: the format has a part that is not known here, or one twice.
    """
    pattern, end = "", 0
    for part in _PART.finditer(text):
        if part[1] not in _PARTS:
            raise ValueError(f"formats have the parts {', '.join('%' + name for name in _PARTS)} alone")
        pattern += re.escape(text[end : part.start()]) + _PARTS[part[1]]
        end = part.end()
    try:
        return re.compile(pattern + re.escape(text[end:]), re.ASCII)
    except re.error:
        raise ValueError("a format has each part once") from None


def moment_of(found: Mapping[str, str]) -> datetime:
    """The time of the parts that a pattern found; aware when it has an offset. Finer than a microsecond is cut off.

    Raises:
        ValueError: there is no such time.
    """
    get = found.get
    month = int(found["m"]) if "m" in found else _MONTHS.index(found["b"].lower()) + 1
    hour = int(get("H", "0")) if "I" not in found else _hour_of(int(found["I"]), get("p", ""))
    micros = int(found["f"][:6].ljust(6, "0")) if "f" in found else 0
    return datetime(
        int(found["Y"]), month, int(found["d"]), hour, int(get("M", "0")), int(get("S", "0")), micros,
        tzinfo=zone_of(found["z"].upper()) if "z" in found else None,
    )  # fmt: skip


def _hour_of(hour: int, half: str) -> int:
    if not 1 <= hour <= 12 or not half:
        raise ValueError("no hour of a clock with twelve")
    return hour % 12 + (12 if half.lower() == "pm" else 0)
