"""CSV from TSV: what the engine writes without loss becomes SPARQL 1.1 Query Results CSV (section 3)."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from siibra_kg.stores.row_count import Counter

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["CsvStream"]

_ESCAPE = re.compile(r'\\([tnrbf"\'\\]|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})')
_SPECIAL = re.compile(r'[",\r\n]')
_QUOTE = '"'
_MEANS = MappingProxyType({"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"})


class CsvStream(Counter):
    r"""Takes TSV and writes CSV: IRIs without brackets, literals as their text, quoted where needed.

    Parameters
    ----------
    out
        Written to.
    most
        Rows that may pass.

    Examples
    --------
    >>> from io import BytesIO
    >>> out = BytesIO()
    >>> stream = CsvStream(out, 10)
    >>> _ = stream.write(b'?x\t?y\n<urn:a,b>\t"two\\nlines"@en\n')
    >>> out.getvalue()
    b'x,y\r\n"urn:a,b","two\nlines"\r\n'
    """

    def __init__(self, out: BinaryIO, most: int) -> None:
        super().__init__(out, most)
        self._head = True
        self._parts: list[bytes] = []

    def _take(self, piece: bytes) -> None:
        end = piece.rfind(b"\n") + 1
        if not end:
            self._parts.append(piece)
            return
        text = b"".join((*self._parts, piece[:end])).decode()
        self._parts = [piece[end:]] if end < len(piece) else []
        lines = text.split("\n")
        lines.pop()
        self._spend(len(lines) - self._head)
        made = []
        if self._head:
            self._head = False
            made.append(",".join([name[1:] for name in lines.pop(0).split("\t")]))
        for line in lines:
            if "," in line or "\\" in line or "<<" in line:
                made.append(_row([_plain(cell) for cell in line.split("\t")]))
            else:
                cells = line.split("\t")
                made.append(",".join([c[1:-1] if c[:1] == "<" else _plain(c) if c[:1] == '"' else c for c in cells]))
        made.append("")
        self._out.write("\r\n".join(made).encode())


def _row(cells: list[str]) -> str:
    return ",".join(f'"{cell.replace(_QUOTE, _QUOTE * 2)}"' if _SPECIAL.search(cell) else cell for cell in cells)


def _plain(cell: str) -> str:
    """Give the text of a term that is written as in Turtle."""
    start = cell[:1]
    if start == "<" and cell[1:2] != "<":
        return cell[1:-1]
    if start == '"':
        text = cell[1 : cell.rindex('"')]
        return _ESCAPE.sub(_meant, text) if "\\" in text else text
    return cell


def _meant(found: re.Match[str]) -> str:
    sign = found[1]
    return _MEANS[sign] if len(sign) == 1 else chr(int(sign[1:], 16))
