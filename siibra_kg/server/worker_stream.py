"""What a job writes its answer to: kept back while it is small, then sent piece by piece as fast as it is read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from siibra_kg.server.problem import Refused
from siibra_kg.server.worker_frames import CHUNK, END, HEAD, PIECE, WHOLE, frame

if TYPE_CHECKING:
    import socket

__all__ = ["AnswerStream", "too_long"]


class AnswerStream(io.RawIOBase):
    """A stream to the front process.

    Nothing is sent before a whole piece is there, so a job that fails early can still be answered with an error.

    Parameters
    ----------
    sock
        Blocking: a reader that does not read holds the job up, until its time is over.
    number
        Of the job.
    status, headers
        Of the answer.
    most
        Bytes that the answer may have.
    """

    def __init__(self, sock: socket.socket, number: int, status: int, headers: bytes, most: int) -> None:
        self._sock = sock
        self._number = number
        self._head = (status, headers)
        self._most = most
        self._kept: list[bytes] = []
        self._size = 0
        self._sent = 0
        #: Whether something of the answer is on its way.
        self.begun = False
        #: What ended the answer early. An engine that writes may hide what its stream raised.
        self.failure: BaseException | None = None

    def writable(self) -> bool:
        """It is for writing."""
        return True

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Take bytes.

        Raises
        ------
        Refused
            If the answer becomes too long.
        """
        piece = bytes(data)
        self._kept.append(piece)
        self._size += len(piece)
        if self._size >= PIECE:
            self._send()
        return len(piece)

    def finish(self) -> None:
        """Send what is left, and the end."""
        if not self.begun:
            self._count()
            self._sock.sendall(frame(WHOLE, self._number, *self._head, b"".join(self._kept)))
            return
        if self._kept:
            self._send()
        self._sock.sendall(frame(END, self._number))

    def _send(self) -> None:
        self._count()
        body = b"".join(self._kept)
        self._kept.clear()
        self._size = 0
        try:
            if self.begun:
                self._sock.sendall(frame(CHUNK, self._number, body=body))
            else:
                self.begun = True
                self._sock.sendall(frame(HEAD, self._number, *self._head, body))
        except OSError as error:
            self.failure = error
            raise

    def _count(self) -> None:
        self._sent += self._size
        if self._sent > self._most:
            self.failure = too_long(self._most)
            raise self.failure


def too_long(most: int) -> Refused:
    """Make the error for an answer above the limit."""
    detail = f"the answer has more than {most:,} bytes; ask for less, for instance with LIMIT"
    return Refused(422, "byte-limit", detail, limit=most)
