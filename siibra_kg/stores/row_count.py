"""Counts the rows of a result in its serialisation, as it passes, without parsing it."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from siibra_kg.errors import SiibraKGError

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["Counter", "TooManyRows", "counter"]


class TooManyRows(SiibraKGError):
    """An answer has more rows than one may have."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most

    def __str__(self) -> str:
        return f"the answer has more than {self.most:,} rows; ask for less, for instance with LIMIT"


class Counter(io.RawIOBase):
    """A stream that passes on what is written, and raises where that has too many rows.

    Parameters
    ----------
    out
        Written to.
    most
        Rows that may pass.
    """

    def __init__(self, out: BinaryIO, most: int) -> None:
        self._out = out
        self._left = most
        self._most = most
        #: What was raised in here: an engine that writes may hide it.
        self.failure: BaseException | None = None

    def writable(self) -> bool:
        """It is for writing."""
        return True

    def write(self, data: Any, /) -> int:  # noqa: ANN401  whatever is a buffer
        """Count and pass on."""
        piece = bytes(data)
        try:
            self._take(piece)
        except BaseException as error:
            self.failure = error
            raise
        return len(piece)

    def finish(self) -> None:
        """Do what is left at the end."""

    def _take(self, piece: bytes) -> None:
        self._count(piece)
        self._out.write(piece)

    def _count(self, piece: bytes) -> None:
        """Count the rows that begin in a piece; see :meth:`_spend`."""

    def _spend(self, rows: int) -> None:
        self._left -= rows
        if self._left < 0:
            raise TooManyRows(self._most)


class _Marked(Counter):
    """Rows are where a mark is that can be nowhere else. It may be cut by the end of a piece."""

    def __init__(self, out: BinaryIO, most: int, mark: bytes, free: int) -> None:
        super().__init__(out, most + free)
        self._most = most
        self._mark = mark
        self._tail = b""

    def _count(self, piece: bytes) -> None:
        keep = len(self._mark) - 1
        text = self._tail + piece if keep else piece
        self._spend(text.count(self._mark))
        self._tail = text[-keep:] if keep else b""


class _Json(Counter):
    """Rows of JSON: ``{"`` or ``{}`` after ``,`` begin one, and so does what follows ``"bindings":[``.

    In ``,{"`` the quotation mark opens the name of a variable, or closes a string that ends in ``,{``; then ``}`` or
    ``,`` follows. Inside of a string there is no bare quotation mark. ``,{}`` may stand inside of a string, so strings
    are taken out before it is counted: from the first place in a piece that is certainly outside of one.
    """

    _FIRST = b'"bindings":[{'
    _STRING = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
    _CELL = b'{"type":"'  # nowhere but where a cell begins, for the same reason

    def __init__(self, out: BinaryIO, most: int) -> None:
        super().__init__(out, most)
        self._tail = b""
        self._head: bytes | None = b""  # until the first row was seen

    def _count(self, piece: bytes) -> None:
        text = self._tail + piece
        rows = text.count(b',{"')
        if b'{"}' in text or b'{",' in text:
            rows -= text.count(b',{"}') + text.count(b',{",')
        if b",{}" in text:
            start = text.find(self._CELL) if b'"' in text and not text.startswith(b'{"head"') else 0
            rows += self._STRING.sub(b'""', text[start:]).count(b",{}") if start >= 0 else 0
        if self._head is not None:
            self._head += piece
            if self._FIRST in self._head:
                rows += 1
                self._head = None
        self._tail = self._unclear(text)
        self._spend(rows - (self._tail == b',{"'))

    @staticmethod
    def _unclear(text: bytes) -> bytes:
        """Give the end of a piece that may be the beginning of a mark."""
        return next((end for end in (text[-3:], text[-2:], text[-1:]) if b',{"'.startswith(end)), b"")


def counter(form: str, out: BinaryIO, most: int) -> Counter:
    r"""Make the stream that counts rows of a format: ``json``, ``xml``, ``tsv``; others are not counted.

    >>> out = io.BytesIO()
    >>> _ = counter("tsv", out, 1).write(b'?x\n1\n')
    >>> _ = counter("tsv", out, 1).write(b'?x\n1\n2\n')
    Traceback (most recent call last):
    siibra_kg.stores.row_count.TooManyRows: the answer has more than 1 rows; ask for less, for instance with LIMIT
    """
    if form == "json":
        return _Json(out, most)
    if form == "xml":  # a "<" in text is written as &lt;
        return _Marked(out, most, b"<result>", 0)
    if form == "tsv":  # a line break in text is written as \n
        return _Marked(out, most, b"\n", 1)
    return Counter(out, most)
