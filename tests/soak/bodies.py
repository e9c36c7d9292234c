"""Uploads and downloads with checksums, slow readers, and aborted transfers."""

import hashlib
import json
import random
import socket
import struct
from collections.abc import Iterator

from client import Client, expect_line, head
from launches import visit
from stage import Stage, Visit
from upstream import content
from worker import Workers

workers = Workers()

MEGABYTE = 1024 * 1024

# The pause of a slow reader, in seconds, and the bytes that it reads between two pauses.
SLOW = 0.25
SIP = 64 * 1024


def a_download(visit: Visit, choices: random.Random, size: int) -> tuple[str, str]:
    """A path with new content, and the checksum of the content."""
    seed = choices.getrandbits(32)
    return f"{visit.path}bytes?size={size}&seed={seed}", checksum(content(size, seed))


def checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def parts(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), SIP):
        yield body[start : start + SIP]


@workers.work("uploads", threads=2, pause=(0.3, 1.5), needs_upstream=True)
def uploads(stage: Stage, client: Client, choices: random.Random) -> None:
    session = visit(stage, client, choices)
    body = choices.randbytes(choices.randint(1, 4 * MEGABYTE))
    is_chunked = choices.random() < 0.5
    headers = {"Cookie": session.cookies, "Content-Type": "application/octet-stream"}
    path = f"{session.path}upload"
    response = client.ask("upload", "POST", path, headers, parts(body) if is_chunked else body)
    got = json.loads(response.expect(200).content)
    expected = {"sha256": checksum(body), "size": len(body)}
    assert got == expected, f"the app received {got}, expected {expected}"


@workers.work("downloads", threads=2, pause=(0.3, 1.5), needs_upstream=True)
def downloads(stage: Stage, client: Client, choices: random.Random) -> None:
    session = visit(stage, client, choices)
    path, expected = a_download(session, choices, choices.randint(1, 4 * MEGABYTE))
    got = checksum(client.get("download", path, session.cookies).expect(200).content)
    assert got == expected, "the download has other content"


@workers.work("slow readers", threads=3, pause=(0.5, 2), needs_upstream=True)
def slow_readers(stage: Stage, client: Client, choices: random.Random) -> None:
    session = visit(stage, client, choices)
    size = 2 * MEGABYTE
    path, expected = a_download(session, choices, size)
    with client.raw() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SIP)
        connection.sendall(head("GET", path, Cookie=session.cookies))
        reader = connection.makefile("rb")
        expect_line(reader.readline(), 200)
        while reader.readline().strip():
            pass
        digest = hashlib.sha256()
        while size and not stage.ledger.is_over.wait(SLOW):
            part = reader.read(min(SIP, size))
            if not part:
                raise EOFError("the download of a slow reader broke off")
            digest.update(part)
            size -= len(part)
    if size == 0:
        client.count("slow reader", "complete")
        assert digest.hexdigest() == expected, "the download of a slow reader has other content"


@workers.work("aborted transfers", threads=1, pause=(0.2, 1), needs_upstream=True)
def aborted(stage: Stage, client: Client, choices: random.Random) -> None:
    session = visit(stage, client, choices)
    with client.raw() as upload:
        path = f"{session.path}upload"
        upload.sendall(head("POST", path, Cookie=session.cookies, Content_Length=MEGABYTE))
        upload.sendall(choices.randbytes(choices.randrange(MEGABYTE // 2)))
        reset(upload, choices)
    client.count("aborted upload", "sent")
    path, _ = a_download(session, choices, 2 * MEGABYTE)
    with client.raw() as download:
        download.sendall(head("GET", path, Cookie=session.cookies))
        download.recv(SIP)
        reset(download, choices)
    client.count("aborted download", "sent")


def reset(connection: socket.socket, choices: random.Random) -> None:
    """Makes the end of the connection a reset, or leaves it a normal end."""
    if choices.random() < 0.5:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
