"""Drives the built gateway for some minutes with launches, attacks, faults and grades.

    python tests/soak/run.py BINARY [--seconds N] [--seed N] [--without NAME]…

CONTRIBUTING.md describes what it measures. The exit code is 0 only if everything held.
"""

import argparse
import secrets
import signal
import sys
import time
from pathlib import Path
from threading import Thread

sys.dont_write_bytecode = True
# Modules of this directory have precedence over modules of the other tests.
TESTS = Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / name) for name in (".", "grades", "examples", "real_input")]

import attacks  # noqa: E402
import bodies  # noqa: E402
import launches  # noqa: E402
import rude  # noqa: E402
import streams  # noqa: E402
import watch  # noqa: E402
from faulty import FaultyFront  # noqa: E402
from grading import FAULTS, Delivery, Grading  # noqa: E402
from ledger import Ledger  # noqa: E402
from production import Production  # noqa: E402
from stage import Stage  # noqa: E402
from upstream import Upstream  # noqa: E402
from watch import Memory, Plan  # noqa: E402
from worker import Worker  # noqa: E402

# The memory may be so much above its level after the warm-up.
GROWTH = 1.10

# In seconds: the end of a thread, the return of the memory, the end of the program.
THREAD_TIMEOUT = 60
MEMORY_TIMEOUT = 90

STALLED_LOG = "stalled log"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/soak")
    parser.add_argument("binary", type=Path)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--without", action="append", default=[], metavar="NAME")
    return parser.parse_args()


def load(grading: Grading, without: list[str]) -> list[Worker]:
    """All kinds of load except these."""
    modules = (launches, attacks, bodies, streams, rude, watch)
    workers = [worker for module in modules for worker in module.workers] + grading.workers()
    unknown = set(without) - {worker.name for worker in workers} - {STALLED_LOG}
    if unknown:
        names = ", ".join(sorted({worker.name for worker in workers} | {STALLED_LOG}))
        raise SystemExit(f"--without: unknown {', '.join(unknown)}; the names are: {names}")
    return [worker for worker in workers if worker.name not in without]


def drive(stage: Stage, grading: Grading, plan: Plan, options: argparse.Namespace) -> Memory:
    """Runs the load until its end, or until a wrong accept."""
    memory = Memory()
    stage.end = time.monotonic() + plan.seconds
    threads = [
        Thread(target=watch.watch_memory, args=(stage, memory, plan), daemon=True),
        Thread(target=watch.restart_upstream, args=(stage, plan), daemon=True),
    ]
    if STALLED_LOG not in options.without:
        threads.append(Thread(target=watch.stall_log, args=(stage, plan), daemon=True))
    for thread in threads:
        thread.start()
    for worker in load(grading, options.without):
        threads += worker.start(stage, options.seed)
    stage.ledger.is_over.wait(plan.seconds)
    stage.ledger.is_over.set()
    deadline = time.monotonic() + THREAD_TIMEOUT
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
        if thread.is_alive():
            stage.ledger.fail("load", f"a thread did not end within {THREAD_TIMEOUT} s: {thread}")
    return memory


def check_memory(stage: Stage, memory: Memory) -> None:
    limit = memory.first * GROWTH
    if not watch.wait_for_level(stage, memory, limit, MEMORY_TIMEOUT):
        stage.ledger.fail(
            "memory",
            f"{memory.last} KiB at the end, {memory.first} KiB after the warm-up: "
            f"expected at most {limit:.0f} KiB",
        )


def check_end(stage: Stage) -> None:
    """Stops the gateway, then reads the rest of its output."""
    production, ledger = stage.production, stage.ledger
    if (code := production.exit_code()) is not None:
        ledger.fail("process", f"it ended during the run, with exit code {code}")
    elif code := production.stop():
        ledger.fail("process", f"SIGTERM ended it with exit code {code}, expected 0")
    reader = production.reader
    reader.join()
    for line in reader.wrong:
        ledger.fail("log", f"a panic or a secret: {line}")
    if "panicked" in production.errors():
        ledger.fail("stderr", f"a panic: {production.errors()}")
    missing = accepted(ledger) - reader.accepted
    if missing > reader.lost:
        ledger.fail(
            "log",
            f"{missing} accepted launches have no line, "
            f"but the log reports {reader.lost} lost lines",
        )


# The kinds of launches, and of reloads.
LAUNCHES = ("launch of a template", "launch of an app", "launch of a graded app")
RELOADS = ("reload of a template", "reload of an app")


def accepted(ledger: Ledger) -> int:
    """The accepted launches and reloads. Each has a line in the log."""
    return sum(ledger.total(kind, "200", "303") for kind in LAUNCHES + RELOADS)


def figures(stage: Stage, plan: Plan, memory: Memory, delivery: Delivery) -> list[str]:
    """The table of figures."""
    ledger, reader = stage.ledger, stage.production.reader
    rate = accepted(ledger) / plan.seconds
    grades = sum(number for (kind, _), number in ledger.requests.items() if kind == "grade")
    ends = ", ".join(f"{number} {end}" for end, number in sorted(delivery.ends.items()))
    requests = sum(ledger.requests.values())
    return [
        *ledger.table(),
        "",
        f"requests           {requests} in {plan.seconds:.0f} s",
        f"accepted launches  {accepted(ledger)}, {rate:.1f} a second",
        f"grades             {grades} sent, {delivery.accepted} with a 200 or 202, "
        f"{delivery.queued} queued ({ends or 'none'})",
        f"platform           {dict(stage.front.responses)}",
        f"log                {reader.lines} lines, {reader.lost} lost",
        f"memory             {memory.first} KiB after {plan.warm:.0f} s, at most {memory.most}, "
        f"{memory.last} at the end",
        f"                   after each tenth of the run: {', '.join(map(str, memory.levels))}",
        f"open files         {memory.first_files} after {plan.warm:.0f} s, "
        f"{memory.last_files} at the end",
    ]


def soak(stage: Stage, options: argparse.Namespace) -> int:
    """The whole run. Returns the exit code."""
    plan = Plan(options.seconds)
    grading = Grading(stage, options.seed)
    memory = drive(stage, grading, plan, options)
    stage.front.stop_faults()
    delivery = Delivery(stage.front)
    if not stage.ledger.is_stopped:
        grading.drain()
        delivery = grading.check()
        check_memory(stage, memory)
    check_end(stage)
    print("\n".join(["", *figures(stage, plan, memory, delivery), ""]))
    failures = stage.ledger.summary()
    if failures:
        print("What did not hold:\n  " + "\n  ".join(failures))
        print("The end of the log:\n  " + stage.production.log().replace("\n", "\n  "))
    else:
        print("everything held")
    return 1 if failures else 0


def interrupt(*_) -> None:
    raise KeyboardInterrupt


def main() -> int:
    options = arguments()
    signal.signal(signal.SIGTERM, interrupt)
    print(f"seed {options.seed}, {options.seconds:.0f} s", flush=True)
    ledger = Ledger()
    with Upstream(ledger) as upstream, FaultyFront(options.seed, FAULTS) as front:
        with Production(options.binary.resolve(), upstream.origin) as production:
            return soak(Stage(production, ledger, upstream, front), options)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
