"""Who is signed in, and how often somebody may try."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from kdvert.decisions.signing import Signer

IDLE = 30 * 60.0
"""Seconds without a request after which one must sign in again."""
LONGEST = 12 * 3600.0
"""Seconds that a session lasts at most."""
MOST = 1000
"""Sessions kept at once; the oldest goes first."""

Clock = Callable[[], float]


@dataclass
class Session:
    """One person's visit.

    Attributes:
        id: what her cookie holds.
        csrf: what each of her forms must bring.
        opened: when she was shown a record, by its id, in seconds of the clock.
        message: what the next page tells her, once.
    """

    id: str
    signer: Signer
    csrf: str
    began: float
    seen: float
    opened: dict[str, float] = field(default_factory=dict)
    message: str = ""

    @property
    def role(self) -> str:
        """Her role."""
        return self.signer.row.role

    def take_message(self) -> str:
        """Return the message, and forget it."""
        text, self.message = self.message, ""
        return text


class Sessions:
    """All visits; they end with the process. An id is made at sign-in and never taken from a request."""

    def __init__(self, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._open: OrderedDict[str, Session] = OrderedDict()

    def begin(self, signer: Signer) -> Session:
        """Open a session of a person who has just proved who she is."""
        now = self._clock()
        session = Session(secrets.token_urlsafe(32), signer, secrets.token_urlsafe(32), now, now)
        self._open[session.id] = session
        while len(self._open) > MOST:
            self._open.popitem(last=False)
        return session

    def get(self, session_id: str) -> Session | None:
        """Return the session of an id, unless it has ended."""
        found = self._open.get(session_id)
        now = self._clock()
        if found is None:
            return None
        if now - found.seen > IDLE or now - found.began > LONGEST:
            self.end(session_id)
            return None
        found.seen = now
        return found

    def end(self, session_id: str) -> None:
        """Close a session."""
        self._open.pop(session_id, None)

    def end_all_of(self, key_id: str) -> None:
        """Close every session of a person: her key was retired."""
        for session in [s for s in list(self._open.values()) if s.signer.key_id == key_id]:
            self.end(session.id)


def same(given: str, expected: str) -> bool:
    """Compare two secrets in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())


class Throttle:
    """Slows down whoever guesses: after a few failures the next try must wait, twice as long each time."""

    FREE = 3
    FIRST = 2.0
    LONGEST = 300.0
    KEPT = 10_000

    def __init__(self, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, *keys: str) -> float:
        """Begin a try with ``keys`` (a name, an address), or return how many seconds it must still wait.

        It counts as a failure until `succeeded`, so that many tries at once are no way around the wait.
        """
        with self._lock:
            now = self._clock()
            if (left := max([0.0, *(self._until(key) - now for key in keys)])) > 0:
                return left
            for key in keys:
                self._failures[key] = (self._failures.pop(key, (0, 0.0))[0] + 1, now)
            while len(self._failures) > self.KEPT:
                self._failures.popitem(last=False)
            return 0.0

    def succeeded(self, *keys: str) -> None:
        """Forget the failures."""
        with self._lock:
            for key in keys:
                self._failures.pop(key, None)

    def _until(self, key: str) -> float:
        count, last = self._failures.get(key, (0, 0.0))
        if count < self.FREE:
            return 0.0
        return last + min(self.LONGEST, self.FIRST * 2.0 ** (count - self.FREE))
