"""WebSockets with an echo, and event streams."""

import random

import websocket
from client import Client, expect_line, head
from launches import visit
from production import ORIGIN
from stage import Stage
from upstream import EVENT_PAUSE
from worker import Workers

workers = Workers()

# The largest message of a WebSocket, in bytes: beyond 64 KiB, its frame has another length.
MOST_BYTES = 80_000


@workers.work("WebSockets", threads=3, pause=(0.3, 1.5), needs_upstream=True)
def websockets(stage: Stage, client: Client, choices: random.Random) -> None:
    session = visit(stage, client, choices)
    key = websocket.new_key()
    with client.raw() as connection:
        fields = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Origin": ORIGIN,
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
            "Cookie": session.cookies,
        }
        connection.sendall(head("GET", f"{session.path}socket", **fields))
        reader = connection.makefile("rb")
        expect_line(reader.readline(), 101)
        head_lines = list(iter(lambda: reader.readline().strip(), b""))
        accepted = f"sec-websocket-accept: {websocket.accept(key)}".encode()
        assert any(line.lower() == accepted.lower() for line in head_lines), "a wrong accept key"

        def exactly(size: int) -> bytes:
            read = reader.read(size)
            if len(read) < size:
                raise EOFError("a WebSocket broke off")
            return read

        for _ in range(choices.randint(3, 20)):
            message = choices.randbytes(choices.choice([10, 1000, choices.randrange(MOST_BYTES)]))
            connection.sendall(websocket.frame(websocket.BINARY, message, is_masked=True))
            got = websocket.read_frame(exactly)
            assert got == (websocket.BINARY, message), "the echo of a WebSocket differs"
            client.count("WebSocket message", "echoed")
            stage.ledger.is_over.wait(choices.uniform(0, 0.4))
        connection.sendall(websocket.frame(websocket.CLOSE, b"\x03\xe8", is_masked=True))
        closed = websocket.read_frame(exactly)
        assert closed == (websocket.CLOSE, b"\x03\xe8"), f"the WebSocket closed with {closed}"
    client.count("WebSocket", "closed")


@workers.work("event streams", threads=2, pause=(0.3, 1.5), needs_upstream=True)
def events(stage: Stage, client: Client, choices: random.Random) -> None:
    session = visit(stage, client, choices)
    number = choices.randint(5, 30)
    if stage.left() < number * EVENT_PAUSE:
        return
    path, accept = f"{session.path}events?number={number}", {"Accept": "text/event-stream"}
    stream = client.get("event stream", path, session.cookies, **accept).expect(200)
    got = [line for line in stream.content.split(b"\n") if line]
    expected = [b"data: %d" % at for at in range(number)]
    assert got == expected, f"{len(got)} events, expected {number}"
