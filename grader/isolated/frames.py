"""Frames: how messages cross a socket between a student's process and ours.

A frame is two big-endian 32-bit lengths, a JSON text and raw bytes. What the values in
it look like is told in `wire`.
"""

import json
import socket
import struct
import time

HEADER = struct.Struct(">II")
MOST_BYTES = 256 * 2**20  # of a frame


class WireError(Exception):
    """A frame or value that does not follow the format."""


class Closed(WireError):
    """The other side is gone."""


def send(
    sock: socket.socket, message: dict, blob: bytes = b"", most: int = MOST_BYTES
) -> None:
    """Send one frame; raise `Closed` when nobody reads any more."""
    text = json.dumps(message, separators=(",", ":")).encode()
    if len(text) + len(blob) > most:
        raise WireError(f"a message of {(len(text) + len(blob)) >> 20} MiB is too big")
    try:
        sock.sendall(HEADER.pack(len(text), len(blob)) + text + blob)
    except OSError as error:
        raise Closed(str(error)) from None


def receive(
    sock: socket.socket, most: int = MOST_BYTES, seconds: float | None = None
) -> tuple[dict, bytes]:
    """Receive one frame of at most `most` bytes, in at most `seconds`.

    Raise `Closed` when the other side is gone, `WireError` for what is no frame.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    size, extra = HEADER.unpack(_exactly(sock, HEADER.size, deadline))
    if size + extra > most:
        raise WireError(f"a frame of {(size + extra) >> 20} MiB is too big")
    text = _exactly(sock, size, deadline)
    blob = _exactly(sock, extra, deadline)
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise WireError("a frame is not JSON") from None
    if type(message) is not dict:
        raise WireError("a frame is not a JSON object")
    return message, blob


def _exactly(sock: socket.socket, count: int, deadline: float | None) -> bytes:
    buffer = bytearray(count)
    view = memoryview(buffer)
    while view:
        if deadline is not None:  # of all of it: a byte now and then is not enough
            sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            got = sock.recv_into(view)
        except (BlockingIOError, TimeoutError):
            raise WireError("a frame that does not end") from None
        except OSError as error:
            raise Closed(str(error)) from None
        if not got:
            raise Closed("the connection ended")
        view = view[got:]
    return bytes(buffer)
