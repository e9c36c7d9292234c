"""What the soak counts, and everything that did not hold."""

from collections import Counter
from threading import Event, Lock

# So many failures of one kind are printed; the others are counted.
MOST_PRINTED = 5


class Ledger:
    """Counters and failures of all threads."""

    def __init__(self):
        # Set when the load must end: the time is over, or a wrong accept.
        self.is_over = Event()
        self.requests: Counter[tuple[str, str]] = Counter()
        self.failures: list[str] = []
        # Whether a failure ended the run early.
        self.is_stopped = False
        self._kinds: Counter[str] = Counter()
        self._lock = Lock()

    def count(self, kind: str, result: object) -> None:
        """Counts a request: its kind, and its status or another result."""
        with self._lock:
            self.requests[kind, str(result)] += 1

    def total(self, kind: str, *results: str) -> int:
        """The requests of this kind with one of these results."""
        with self._lock:
            return sum(self.requests[kind, result] for result in results)

    def fail(self, kind: str, message: str) -> None:
        """Records something that did not hold, and prints it."""
        with self._lock:
            self.failures.append(f"{kind}: {message}")
            self._kinds[kind] += 1
            if self._kinds[kind] <= MOST_PRINTED:
                print(f"FAIL  {kind}: {message}", flush=True)

    def stop(self, kind: str, message: str) -> None:
        """Records a failure that ends the run."""
        self.is_stopped = True
        self.fail(kind, message)
        self.is_over.set()

    def summary(self) -> list[str]:
        """The failures, at most some of each kind."""
        seen: Counter[str] = Counter()
        lines = []
        for failure in self.failures:
            kind = failure.partition(":")[0]
            seen[kind] += 1
            if seen[kind] <= MOST_PRINTED:
                lines.append(failure)
        lines += [
            f"{kind}: {number - MOST_PRINTED} more"
            for kind, number in self._kinds.items()
            if number > MOST_PRINTED
        ]
        return lines

    def table(self) -> list[str]:
        """The requests by kind and status."""
        kinds = sorted({kind for kind, _ in self.requests})
        width = max(map(len, kinds), default=0)
        return [
            f"{kind:{width}}  "
            + ", ".join(
                f"{result}: {number}"
                for (of, result), number in sorted(self.requests.items())
                if of == kind
            )
            for kind in kinds
        ]
