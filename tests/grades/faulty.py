"""An LMS whose network and servers fail at random, with choices from a seed."""

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

# The responses to requests, with their weights. The LMS may accept a grade and fail nevertheless.
RESPONSES = {
    "accepted": 45,
    "accepted, connection reset": 6,
    "accepted, response cut off": 5,
    "accepted, no response": 4,
    "accepted, status 500": 5,
    "connection reset": 12,
    "no response": 8,
    "status 500": 15,
}

# Longer than the gateway's timeout.
SILENCE = 3

# In seconds: the duration of accepting connections, then of refusing them.
OPEN = (0.5, 2.0)
CLOSED = (0.1, 0.5)


class FaultyFront:
    """The HTTP server of an LMS, in one thread: it handles requests in the order of arrival."""

    def __init__(self, seed: int):
        self.responses: Counter[str] = Counter()
        # All requests and their learners, also requests that the LMS does not receive.
        self.arrived: list[tuple[str, Arrival]] = []
        self.is_faulty = True
        self._seed = seed
        self._choices: dict[str, random.Random] = {}
        # Reserves the port while the server does not listen.
        self._port = socket.socket()
        self._port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._port.bind(("127.0.0.1", 0))
        self.lms = Lms("http://127.0.0.1:{}".format(self._port.getsockname()[1]))
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self._faults = asyncio.run_coroutine_threadsafe(self._open_and_close(), self._loop)
        return self

    def __exit__(self, *_) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._port.close()

    async def _end(self) -> None:
        self._server.close()
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    def stop_faults(self) -> None:
        """Accepts everything from now on."""
        self.is_faulty = False
        self._faults.result()

    async def _listen(self) -> None:
        address, port = self._port.getsockname()
        self._server = await asyncio.start_server(self._serve, address, port, reuse_port=True)

    async def _open_and_close(self) -> None:
        choices = random.Random(f"{self._seed} faults")
        while self.is_faulty:
            await asyncio.sleep(choices.uniform(*OPEN))
            self._server.close()
            self.responses["connection refused"] += 1
            await asyncio.sleep(choices.uniform(*CLOSED))
            await self._listen()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            while await self._handle(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The gateway has closed the connection.
        finally:
            writer.close()

    async def _handle(self, reader: StreamReader, writer: StreamWriter) -> bool:
        """Handles a request. Returns whether the connection stays open."""
        first, _, head = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        method, path, _ = first.decode().split(" ")
        headers = message_from_bytes(head)
        content = await reader.readexactly(int(headers.get("Content-Length", 0)))

        learner = learner_of(path, content)
        self.arrived.append((learner, Arrival(method, path, headers, content)))
        response = self._choose(learner)
        status, sent, body = 500, {}, b"<html>out of order</html>"
        if response.startswith("accepted"):
            status, sent, body = self.lms.respond(method, path, headers, content)
        if response.endswith("status 500"):
            status = 500
        if response.endswith("no response"):
            await asyncio.sleep(SILENCE)
        if response.endswith(("no response", "connection reset")):
            # Makes close() send a reset.
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return False
        sent = {**sent, "Content-Length": str(len(body))}
        lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
        is_cut = response.endswith("cut off")
        writer.write("\r\n".join(lines).encode() + body[: len(body) // 2 if is_cut else None])
        await writer.drain()
        return not is_cut

    def _choose(self, learner: str) -> str:
        """Chooses the next response for this learner."""
        if not self.is_faulty:
            return "accepted"
        choices = self._choices.setdefault(learner, random.Random(f"{self._seed} platform {learner}"))
        [response] = choices.choices(list(RESPONSES), RESPONSES.values())
        self.responses[response] += 1
        return response


def learner_of(path: str, content: bytes) -> str:
    """The learner of a request: the last part of a sourcedid or of a result's URL."""
    found = re.search(rb"(\w+)</sourcedId>", content) or re.search(rb"/user/(\w+)$", path.encode())
    return found[1].decode()
