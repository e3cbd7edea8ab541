"""An answer, as `http.client` reads it, and as strict as RFC 9112.

`http.client` accepts a head that was cut, a length that is not a number, a line without a colon:
a change would count as published that Convoy never got. So each line that it read is compared with
the grammar.
"""

from __future__ import annotations

import io
import re
from http.client import HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING, Any, cast

from app.convoy.errors import AnswerTooLong, RemoteProtocolError

if TYPE_CHECKING:
    from app.convoy.streams import Limit

_TEXT = rb"[\t -~\x80-\xff]*"
_END = rb"\r?\n"
_FIELDS = rb"(?:[!#$%%&'*+.^_`|~0-9A-Za-z-]+:%b%b(?:[\t ]%b%b)*)*" % (_TEXT, _END, _TEXT, _END)
_HEADS = re.compile(
    rb"(?:HTTP/1\.[0-9] [1-9][0-9]{2}(?: %b)?%b%b%b)+" % (_TEXT, _END, _FIELDS, _END)
)
"""Informational answers (1xx) and the last one."""
_CHUNK_SIZE = rb"[0-9A-Fa-f]{1,20}[\t ]*(?:;%b)?\r\n" % _TEXT
_CHUNKS = re.compile(rb"(?:%b\r\n)*0+[\t ]*(?:;%b)?\r\n%b%b" % (_CHUNK_SIZE, _TEXT, _FIELDS, _END))
"""Everything between the chunks' data."""
_LENGTH = re.compile(r"[0-9]{1,20}[\t ]*")


class _Lines(io.BufferedReader):
    """Keeps what `http.client` read as lines: the head, and all that is between the chunks."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__(raw)
        self.lines = bytearray()
        self.taken = 0
        """Bytes that were read from here."""
        self._before = b""

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        self.lines += self._before + line
        self.taken += len(line)
        self._before = b""
        return line

    def read(self, size: int | None = -1) -> bytes:
        """What is read right before a line is the end of a chunk."""
        self._before = super().read(size)
        self.taken += len(self._before)
        return self._before


class Answer(HTTPResponse):
    """Raises RemoteProtocolError, and HTTPException or ValueError of `http.client`'s own."""

    fp: _Lines

    def __init__(self, sock: Any, *others: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(sock, *others, **options)
        self._from = self.fp = _Lines(cast("io.BufferedReader", self.fp).detach())

    def begin(self) -> None:
        super().begin()
        while self.status < 200 and self.status != 101:
            self.headers = self.msg = None  # type: ignore[assignment]  # begins again
            super().begin()
        if not _HEADS.fullmatch(self._from.lines):
            raise RemoteProtocolError(
                f"not the head of an answer: {bytes(self._from.lines[:100])!r}"
            )
        self._check_framing()
        self._from.lines.clear()

    def _check_framing(self) -> None:
        if self.status == 101:
            raise RemoteProtocolError("another protocol, which was not asked for")
        encodings = self.headers.get_all("transfer-encoding", [])
        if encodings and (len(encodings) > 1 or not self.chunked):
            raise RemoteProtocolError(f"unknown Transfer-Encoding: {encodings}")
        lengths = self.headers.get_all("content-length", [])
        if encodings and (lengths or self.version < 11):
            raise RemoteProtocolError("chunks, and a length or HTTP/1.0: its end is not certain")
        if len(set(lengths)) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
            raise RemoteProtocolError(f"bad or conflicting Content-Length: {lengths}")
        if self.status in {204, 304}:
            self.chunked = False  # its length is 0
        # `http.client` reads only the first of these lines.
        options = ",".join(self.headers.get_all("connection", [])).lower()
        self.will_close = self.will_close or "close" in options

    def whole(self, max_bytes: int) -> bytes:
        """The body, of up to `max_bytes`."""
        content = self.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise AnswerTooLong(f"the answer is over {max_bytes} bytes")
        if self.length:
            raise IncompleteRead(content, self.length)
        if self.chunked and not _CHUNKS.fullmatch(self._from.lines):
            raise RemoteProtocolError("chunks that are not HTTP's")
        return content

    def left_behind(self, limit: Limit) -> bool:
        """Whether bytes came after the answer: the next request would take them for its own."""
        return limit.received > self._from.taken
