"""The reader of the gateway's log, which can stop reading for a while."""

import re
from collections import deque
from threading import Event, Lock, Thread
from typing import BinaryIO

# The gateway reports so how many lines it has dropped.
LOST = re.compile(r" log: (\d+) lines? lost")
ACCEPTED = re.compile(r' launch: .*outcome="(?:accepted|again)"')

# The number of lines that an error message shows.
SHOWN = 20


class LogReader:
    """Reads a pipe in a thread. It keeps counts and the last lines."""

    def __init__(self, pipe: BinaryIO, forbidden: list[str]):
        self.lines = 0
        self.lost = 0
        self.accepted = 0
        # Lines that must not be there: panics and secrets.
        self.wrong: list[str] = []
        self._forbidden = ["panicked", "a panic in the gateway", *forbidden]
        self._last: deque[str] = deque(maxlen=2000)
        self._lock = Lock()
        self._reads = Event()
        self._reads.set()
        self._pipe = pipe
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def stall(self) -> None:
        """Stops reading, so that the pipe fills."""
        self._reads.clear()

    def go_on(self) -> None:
        self._reads.set()

    def join(self) -> None:
        """Waits until the gateway has closed the pipe."""
        self.go_on()
        self._thread.join(60)

    def last(self, containing: str = "", number: int = SHOWN) -> list[str]:
        """The last lines with this text."""
        with self._lock:
            return [line for line in self._last if containing in line][-number:]

    def _read(self) -> None:
        for content in self._pipe:
            # A line is read and counted before the stall begins.
            self._take(content.decode(errors="replace").rstrip("\n"))
            self._reads.wait()

    def _take(self, line: str) -> None:
        with self._lock:
            self.lines += 1
            self._last.append(line)
            self.accepted += bool(ACCEPTED.search(line))
            if found := LOST.search(line):
                self.lost += int(found[1])
            if any(text in line for text in self._forbidden):
                self.wrong.append(line)
