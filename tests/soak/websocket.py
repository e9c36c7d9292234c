"""Frames of WebSockets (RFC 6455), as far as an echo needs them."""

import base64
import hashlib
import os
import struct
from collections.abc import Callable

BINARY, CLOSE = 2, 8
MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def new_key() -> str:
    return base64.b64encode(os.urandom(16)).decode()


def accept(key: str) -> str:
    """The value of `Sec-WebSocket-Accept`."""
    return base64.b64encode(hashlib.sha1((key + MAGIC).encode()).digest()).decode()


def frame(opcode: int, payload: bytes, is_masked: bool) -> bytes:
    """One final frame. A client masks."""
    mask = 0x80 if is_masked else 0
    if len(payload) < 126:
        length = bytes([mask | len(payload)])
    elif len(payload) < 65536:
        length = bytes([mask | 126]) + struct.pack(">H", len(payload))
    else:
        length = bytes([mask | 127]) + struct.pack(">Q", len(payload))
    head = bytes([0x80 | opcode]) + length
    if not is_masked:
        return head + payload
    key = os.urandom(4)
    return head + key + masked(payload, key)


def read_frame(read: Callable[[int], bytes]) -> tuple[int, bytes]:
    """Opcode and payload of a final frame. `read` returns exactly so many bytes, or raises."""
    first, second = read(2)
    assert first & 0x80, "the frame is not final"
    length = second & 0x7F
    if length == 126:
        (length,) = struct.unpack(">H", read(2))
    elif length == 127:
        (length,) = struct.unpack(">Q", read(8))
    key = read(4) if second & 0x80 else None
    payload = read(length)
    return first & 0x0F, masked(payload, key) if key else payload


def masked(payload: bytes, key: bytes) -> bytes:
    """The payload XOR the repeated key."""
    length = len(payload)
    repeated = (key * (length // 4 + 1))[:length]
    number = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return number.to_bytes(length, "big")
