"""Places as integers, and squared distances between them, without any function that two machines compute apart.

One step is a ten-thousandth of a degree of latitude: 11.1 metres. The cosine that longitudes shrink by is Bhaskara's
rational approximation (7th century), whose error is under 0.002.
"""

import math
from typing import Final

_STEPS: Final = 10_000
_AROUND: Final = 360 * _STEPS
_PPM: Final = 1_000_000
_RIGHT_ANGLE_SQUARED: Final = 32_400  # of degrees: 180 * 180


def degrees_e4(degrees: float, degrees_max: int) -> int:
    """Whole ten-thousandths of a degree, rounded down, within plus and minus `degrees_max`."""
    if not -degrees_max <= degrees <= degrees_max:
        degrees = min(max(degrees, -degrees_max), degrees_max)
    return math.floor(degrees * _STEPS)


def squared_steps(latitude_e4: int, longitude_e4: int, other_latitude_e4: int, other_longitude_e4: int) -> int:
    """The squared distance of two places in squared steps, over a flat earth, the shorter way round."""
    north = other_latitude_e4 - latitude_e4
    east = abs(other_longitude_e4 - longitude_e4)
    east = min(east, _AROUND - east)
    east = east * _cosine_ppm(abs(latitude_e4 + other_latitude_e4) // (2 * _STEPS)) // _PPM
    return north * north + east * east


def _cosine_ppm(degrees: int) -> int:
    squared = degrees * degrees
    return _PPM * (_RIGHT_ANGLE_SQUARED - 4 * squared) // (_RIGHT_ANGLE_SQUARED + squared)
