"""Slow and rude clients: half heads, half forms, silence, and bytes that are not HTTP."""

import random
import select
import socket

from client import Client, head
from stage import Stage, block, path_of, sign
from worker import Workers

workers = Workers()

# The gateway waits 15 s for a head or a form. In seconds.
PATIENCE = 30

# It closes an idle connection after the `keep_alive` of Rocket.toml.
LONGEST_SILENCE = 110


def read(
    stage: Stage, connection: socket.socket, patience: float, until: bytes | None = None
) -> bytes | None:
    """Reads until this arrives, or until the gateway closes the connection.

    None if the load ends first.
    """
    got = b""
    waited = 0.0
    while not stage.ledger.is_over.is_set():
        readable, _, _ = select.select([connection], [], [], 0.5)
        if not readable:
            waited += 0.5
            assert waited < patience, f"the gateway kept a silent connection for {patience} s"
            continue
        try:
            part = connection.recv(65536)
        except ConnectionError:
            return got
        if not part:
            return got
        got += part
        if until and until in got:
            return got
    return None


def expect(stage: Stage, client: Client, kind: str, sent: bytes, status: int) -> None:
    """Sends this, and waits for a response with this status."""
    with client.raw() as connection:
        connection.sendall(sent)
        got = read(stage, connection, PATIENCE, until=b"\r\n")
    if got is None:
        return
    line = got.partition(b"\r\n")[0].decode(errors="replace")
    client.count(kind, line.split(" ")[1] if " " in line else "no response")
    assert f" {status}" in line, f"{kind}: {line!r}, expected {status}"


def half(content: bytes, choices: random.Random) -> bytes:
    return content[: choices.randrange(20, len(content) - 4)]


@workers.work("half heads", threads=4, pause=(0.2, 2))
def half_heads(stage: Stage, client: Client, choices: random.Random) -> None:
    sent = half(head("GET", "/lti/notebook/nothing", Cookie="a=" + "b" * 500), choices)
    expect(stage, client, "half head", sent, 408)


@workers.work("half forms", threads=4, pause=(0.2, 2))
def half_forms(stage: Stage, client: Client, choices: random.Random) -> None:
    form = sign(block("hello", "course-a", choices))
    body = form.body().encode()
    kind = "application/x-www-form-urlencoded"
    start = head("POST", path_of(form), Content_Type=kind, Content_Length=len(body))
    if choices.random() < 0.5:
        expect(stage, client, "half form", start + half(body, choices), 408)
        return
    with client.raw() as connection:
        connection.sendall(start + half(body, choices))
        client.count("aborted form", "sent")


@workers.work("silent connections", threads=6, pause=(0, 1))
def silent(stage: Stage, client: Client, choices: random.Random) -> None:
    with client.raw() as connection:
        if choices.random() < 0.5:
            connection.sendall(head("GET", "/is_up"))
        if read(stage, connection, LONGEST_SILENCE) is not None:
            client.count("silent connection", "closed by the gateway")


@workers.work("noise", threads=1, pause=(0.2, 1))
def noise(stage: Stage, client: Client, choices: random.Random) -> None:
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + choices.randbytes(200)
    expect(stage, client, "TLS to a port without TLS", hello + b"\r\n\r\n", 400)
    expect(stage, client, "two lengths", two_lengths(), 400)
    expect(stage, client, "large head", head("GET", "/", Cookie="a" * 70_000), 431)


def two_lengths() -> bytes:
    lengths = b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"
    return head("POST", "/lti/hello").removesuffix(b"\r\n") + lengths
