"""What watches the gateway during the load: status, memory, restarts of the app, a stalled log."""

import random
import time
from dataclasses import dataclass, field
from threading import Thread

from client import Client
from launches import launch_template
from stage import Stage
from worker import Workers

workers = Workers()

# `/is_up` responds within this time, in seconds, whatever else happens.
PROMPT = 5

# The pause between two samples of the memory, in seconds.
SAMPLE = 0.5


@workers.work("status", threads=1, pause=(0.2, 0.5))
def status(stage: Stage, client: Client, choices: random.Random) -> None:
    for path, body in {"/is_up": b"I'm up", "/ready": b"ready"}.items():
        began = time.monotonic()
        response = client.get(path, path).expect(200)
        took = time.monotonic() - began
        assert response.content.strip() == body, f"{path} says {response.content!r}"
        assert took < PROMPT, f"{path} took {took:.1f} s"


@dataclass
class Plan:
    """The times of a run, in seconds from the beginning of the load."""

    seconds: float
    warm: float = field(init=False)
    restarts: float = field(init=False)
    stall: tuple[float, float] = field(init=False)

    def __post_init__(self):
        # Shorter runs have everything, but shorter.
        self.warm = min(60, self.seconds / 3)
        self.restarts = min(60, self.seconds / 5)
        length = min(60, self.seconds / 4)
        self.stall = (self.seconds * 0.5, self.seconds * 0.5 + length)


@dataclass
class Memory:
    """The resident set in KiB, and open files."""

    first: int = 0
    most: int = 0
    last: int = 0
    first_files: int | None = None
    last_files: int | None = None
    # The level after each tenth of the run.
    levels: list[int] = field(default_factory=list)


def watch_memory(stage: Stage, memory: Memory, plan: Plan) -> None:
    """Samples the memory until the load ends."""
    began = time.monotonic()
    while not stage.ledger.is_over.wait(SAMPLE):
        if stage.production.exit_code() is not None:
            stage.ledger.stop("process", f"it ended with exit code {stage.production.exit_code()}")
            return
        resident = stage.production.resident()
        memory.most = max(memory.most, resident)
        took = time.monotonic() - began
        if took >= plan.seconds / 10 * (len(memory.levels) + 1):
            memory.levels.append(resident)
        if not memory.first and took >= plan.warm:
            memory.first = resident
            memory.first_files = stage.production.descriptors()


def restart_upstream(stage: Stage, plan: Plan) -> None:
    """Restarts the app again and again. It is away for a second."""
    while not stage.ledger.is_over.wait(plan.restarts):
        stage.upstream.restart(1)
        stage.ledger.count("restart of the upstream", "done")


def stall_log(stage: Stage, plan: Plan) -> None:
    """Stops reading the log for a while. Many launches fill the pipe and the gateway's queue."""
    begin, end = plan.stall
    if stage.ledger.is_over.wait(begin):
        return
    reader = stage.production.reader
    reader.stall()
    stop = time.monotonic() + end - begin
    flood = [
        Thread(target=flood_log, args=(stage, stop, number), daemon=True) for number in range(2)
    ]
    for thread in flood:
        thread.start()
    stage.ledger.is_over.wait(end - begin)
    reader.go_on()
    for thread in flood:
        thread.join()
    stage.ledger.count("stalled log", f"for {end - begin:.0f} s")


def flood_log(stage: Stage, stop: float, number: int) -> None:
    """Launches a template again and again, until this time."""
    client, choices = stage.client(), random.Random(f"flood {number}")
    while time.monotonic() < stop and not stage.ledger.is_over.wait(0.005):
        try:
            launch_template(client, choices)
        except Exception as error:
            stage.ledger.fail("launches while nobody reads the log", str(error))
    client.close()


def wait_for_level(stage: Stage, memory: Memory, limit: float, patience: float) -> bool:
    """Whether the memory returns to at most this level."""
    deadline = time.monotonic() + patience
    while True:
        memory.last = stage.production.resident()
        memory.last_files = stage.production.descriptors()
        if memory.last <= limit or time.monotonic() > deadline:
            return memory.last <= limit
        time.sleep(SAMPLE)
