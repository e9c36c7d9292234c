"""The threads of the load."""

import random
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from threading import Thread

from client import Client, Unexpected
from stage import Stage

# What a restart of the upstream may cause.
RESTART_STATUSES = (502, 504)


@dataclass
class Worker:
    """A kind of load: its step, the number of threads, and the pause between steps in seconds."""

    name: str
    step: Callable[[Stage, Client, random.Random], None]
    threads: int
    pause: tuple[float, float]
    # Whether a restart of the upstream may break a step.
    needs_upstream: bool

    def start(self, stage: Stage, seed: int) -> list[Thread]:
        threads = [
            Thread(target=self._run, args=(stage, f"{seed} {self.name} {number}"), daemon=True)
            for number in range(self.threads)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _run(self, stage: Stage, seed: str) -> None:
        choices = random.Random(seed)
        client = stage.client()
        while not stage.ledger.is_over.wait(choices.uniform(*self.pause)):
            self._step(stage, client, choices)
            if choices.random() < 0.1:
                client.close()
        client.close()

    def _step(self, stage: Stage, client: Client, choices: random.Random) -> None:
        began = time.monotonic()
        try:
            self.step(stage, client, choices)
        except (OSError, EOFError, HTTPException, Unexpected) as error:
            status = getattr(error, "status", None)
            is_restart = status in RESTART_STATUSES or status is None
            if self.needs_upstream and is_restart and stage.upstream.was_down_since(began):
                stage.ledger.count(self.name, "met a restart of the upstream")
            else:
                stage.ledger.fail(self.name, str(error) or repr(error))
        except AssertionError as error:
            stage.ledger.fail(self.name, str(error))
        except Exception:
            stage.ledger.fail(self.name, traceback.format_exc())


class Workers(list[Worker]):
    """A list of workers. The decorator adds functions to it."""

    def work(
        self, name: str, threads: int, pause: tuple[float, float], needs_upstream: bool = False
    ) -> Callable[[Callable], Callable]:
        def add(step: Callable) -> Callable:
            self.append(Worker(name, step, threads, pause, needs_upstream))
            return step

        return add
