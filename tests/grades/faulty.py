"""An LMS whose network and whose servers fail at random, and as the seed says."""

import asyncio
import random
import re
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections import Counter
from email import message_from_bytes
from threading import Thread
from typing import Self

from lms import Arrival, Lms

# What becomes of a request, and how often. What is taken may be answered badly all the same.
FATES = {
    "taken": 45,
    "taken, connection reset": 6,
    "taken, answer cut off": 5,
    "taken, no answer": 4,
    "taken, status 500": 5,
    "connection reset": 12,
    "no answer": 8,
    "status 500": 15,
}

# Longer than the gateway waits.
SILENCE = 3

# In seconds: for how long connections are accepted, and then refused.
OPEN = (0.5, 2.0)
CLOSED = (0.1, 0.5)


class FaultyFront:
    """Puts an LMS on the network, in one thread: what arrives first is taken first."""

    def __init__(self, seed: int):
        self.fates: Counter[str] = Counter()
        # All requests, also those that the LMS never sees, and whose grade each is.
        self.arrived: list[tuple[str, Arrival]] = []
        self.is_faulty = True
        self._seed = seed
        self._choices: dict[str, random.Random] = {}
        # Keeps the port while nobody listens there.
        self._port = socket.socket()
        self._port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._port.bind(("127.0.0.1", 0))
        self.lms = Lms("http://127.0.0.1:{}".format(self._port.getsockname()[1]))
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self._doors = asyncio.run_coroutine_threadsafe(self._open_and_close(), self._loop)
        return self

    def __exit__(self, *_) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._port.close()

    async def _end(self) -> None:
        self._server.close()
        conversations = asyncio.all_tasks() - {asyncio.current_task()}
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)

    def mend(self) -> None:
        """From now on it takes everything."""
        self.is_faulty = False
        self._doors.result()

    async def _listen(self) -> None:
        address, port = self._port.getsockname()
        self._server = await asyncio.start_server(self._converse, address, port, reuse_port=True)

    async def _open_and_close(self) -> None:
        choices = random.Random(f"{self._seed} doors")
        while self.is_faulty:
            await asyncio.sleep(choices.uniform(*OPEN))
            self._server.close()
            self.fates["connection refused"] += 1
            await asyncio.sleep(choices.uniform(*CLOSED))
            await self._listen()

    async def _converse(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The gateway is gone.
        finally:
            writer.close()

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> bool:
        """Whether another request may follow."""
        first, _, head = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        method, path, _ = first.decode().split(" ")
        headers = message_from_bytes(head)
        content = await reader.readexactly(int(headers.get("Content-Length", 0)))

        learner = learner_of(path, content)
        self.arrived.append((learner, Arrival(method, path, headers, content)))
        fate = self._fate(learner)
        status, sent, answer = 500, {}, b"<html>out of order</html>"
        if fate.startswith("taken"):
            status, sent, answer = self.lms.respond(method, path, headers, content)
        if fate.endswith("status 500"):
            status = 500
        if fate.endswith("no answer"):
            await asyncio.sleep(SILENCE)
        if fate.endswith(("no answer", "connection reset")):
            # So that closing it sends a reset.
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return False
        sent = {**sent, "Content-Length": str(len(answer))}
        lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
        is_cut = fate.endswith("cut off")
        writer.write("\r\n".join(lines).encode() + answer[: len(answer) // 2 if is_cut else None])
        await writer.drain()
        return not is_cut

    def _fate(self, learner: str) -> str:
        """The next of this learner's."""
        if not self.is_faulty:
            return "taken"
        choices = self._choices.setdefault(learner, random.Random(f"{self._seed} platform {learner}"))
        [fate] = choices.choices(list(FATES), FATES.values())
        self.fates[fate] += 1
        return fate


def learner_of(path: str, content: bytes) -> str:
    """Whose grade a request is for: the last part of a sourcedid, or of a result's address."""
    found = re.search(rb"(\w+)</sourcedId>", content) or re.search(rb"/user/(\w+)$", path.encode())
    return found[1].decode()
