"""Whether a body comes fast enough, as far as that is up to its sender.

A deadline for each next piece alone lets a byte now and then hold a place for ever. So waiting is paid for with what
comes, and who brings nothing has used up the patience with him after a while.
"""


class SenderPatience:
    """The patience that is left with the sender of one body: so many seconds of waiting, no more at any time.

    Over any length of time it waits no longer than that and the time in which what came would have come at the least
    rate. Time that is not reported, such as the time of our own work, costs the sender nothing.
    """

    __slots__ = ("_bytes_per_s_min", "_grace_s", "left_s")

    def __init__(self, bytes_per_s_min: int, grace_s: float) -> None:
        self._bytes_per_s_min, self._grace_s = bytes_per_s_min, grace_s
        self.left_s = grace_s

    def waited(self, seconds: float) -> None:
        """The sender was waited for."""
        self.left_s -= seconds

    def came(self, size: int) -> None:
        """So many bytes came, as they were sent: of a compressed body the compressed ones."""
        self.left_s = min(self._grace_s, self.left_s + size / self._bytes_per_s_min)
