"""An LMS whose network and servers fail at random, with choices from a seed."""

import asyncio
import random
import re
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from threading import Thread
from typing import Protocol, Self

from lms import Arrival, Lms, Response

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

# edX's refusal of a grade, in the words of Basic Outcomes.
REFUSED = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<imsx_POXEnvelopeResponse xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0">'
    "<imsx_POXHeader><imsx_POXResponseHeaderInfo><imsx_version>V1.0</imsx_version>"
    "<imsx_messageIdentifier>1</imsx_messageIdentifier><imsx_statusInfo>"
    "<imsx_codeMajor>failure</imsx_codeMajor><imsx_severity>error</imsx_severity>"
    "<imsx_description>User not found.</imsx_description>"
    "<imsx_messageRefIdentifier/></imsx_statusInfo></imsx_POXResponseHeaderInfo></imsx_POXHeader>"
    "<imsx_POXBody/></imsx_POXEnvelopeResponse>"
).encode()


@dataclass(frozen=True)
class Faults:
    """What fails, and how often. Times are in seconds."""

    responses: Mapping[str, int]
    # For requests that are not about a learner.
    general: Mapping[str, int] | None = None
    # Of a slow response, shorter than the gateway's timeout.
    delay: float = 0.4
    # Longer than the gateway's timeout.
    silence: float = 3
    # The duration of accepting connections, then of refusing them.
    open: tuple[float, float] = (0.5, 2.0)
    closed: tuple[float, float] = (0.1, 0.5)


class Platform(Protocol):
    """What receives grades."""

    origin: str
    # The requests that changed the gradebook, and their learners, in order.
    taken: list[tuple[str, Arrival]]

    def respond(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes
    ) -> Response: ...

    def learner_of(self, path: str, content: bytes) -> str:
        """The learner of a request. Empty for a request that is not about a learner."""
        ...


class FaultyFront:
    """The HTTP server of an LMS, in one thread: it handles requests in the order of arrival."""

    def __init__(
        self,
        seed: int,
        faults: Faults = Faults(RESPONSES),
        platform: Callable[[str], Platform] = Lms,
    ):
        self.responses: Counter[str] = Counter()
        # The grades that the LMS refused, and their learners.
        self.refused: list[tuple[str, Arrival]] = []
        # All requests and their learners, also requests that the LMS does not receive.
        self.arrived: list[tuple[str, Arrival]] = []
        self.is_faulty = True
        self._seed = seed
        self._kinds = faults
        self._choices: dict[str, random.Random] = {}
        # Reserves the port while the server does not listen.
        self._port = socket.socket()
        self._port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._port.bind(("127.0.0.1", 0))
        self.lms = platform("http://127.0.0.1:{}".format(self._port.getsockname()[1]))
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
            await asyncio.sleep(choices.uniform(*self._kinds.open))
            self._server.close()
            self.responses["connection refused"] += 1
            await asyncio.sleep(choices.uniform(*self._kinds.closed))
            await self._listen()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            while await self._handle(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The gateway has closed the connection.
        except asyncio.CancelledError:
            pass  # The test is over.
        finally:
            writer.close()

    async def _handle(self, reader: StreamReader, writer: StreamWriter) -> bool:
        """Handles a request. Returns whether the connection stays open."""
        first, _, head = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        method, path, _ = first.decode().split(" ")
        headers = message_from_bytes(head)
        content = await reader.readexactly(int(headers.get("Content-Length", 0)))

        learner = self.lms.learner_of(path, content)
        self.arrived.append((learner, Arrival(method, path, headers, content)))
        response = self._choose(learner)
        # Only Basic Outcomes can refuse with a message.
        if response == "refused" and method != "POST":
            response = "accepted"
        status, sent, body = 500, {}, b"<html>out of order</html>"
        if response.startswith("accepted"):
            status, sent, body = self.lms.respond(method, path, headers, content)
        if response == "refused":
            self.refused.append(self.arrived[-1])
            status, sent, body = 200, {"Content-Type": "application/xml"}, REFUSED
        if found := re.search(r"status (\d+)$", response):
            status = int(found[1])
        if status == 429:
            sent = {**sent, "Retry-After": "1"}
        if response.endswith("slowly"):
            await asyncio.sleep(self._kinds.delay)
        if response.endswith("no response"):
            await asyncio.sleep(self._kinds.silence)
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
        kinds = self._kinds.responses
        if not learner and self._kinds.general:
            kinds = self._kinds.general
        [response] = choices.choices(list(kinds), kinds.values())
        self.responses[response] += 1
        return response
