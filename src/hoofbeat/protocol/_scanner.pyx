# cython: language_level=3, boundscheck=False, wraparound=False
"""The twin of ``scanner.scan`` where there is a C compiler; it reads blocks that are new, too."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.ref cimport Py_INCREF
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdlib cimport strtol
from libc.string cimport memchr, memcmp

from hoofbeat.protocol.blocks import GENERATION, Block, is_plain
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import make_headers

cdef extern from "Python.h":
    object PyType_GenericAlloc(type, Py_ssize_t)
    void PyTuple_SET_ITEM(object, Py_ssize_t, object)

cdef object SEND = Command.SEND


cdef inline const char *find(const char *start, const char *end, char what) noexcept:
    cdef const char *found = <const char *>memchr(start, what, end - start)
    return end if found == NULL else found


cdef inline bint is_odd(const char *start, const char *end) noexcept:
    return find(start, end, b"\\") < end or find(start, end, b"\r") < end or find(start, end, 0) < end


cdef inline void put(object triple, Py_ssize_t at, object part):
    Py_INCREF(part)
    PyTuple_SET_ITEM(triple, at, part)


cdef object make(type kind, object first, object second, object third):
    triple = PyType_GenericAlloc(kind, 3)
    put(triple, 0, first)
    put(triple, 1, second)
    put(triple, 2, third)
    return triple


def make_frame(tuple parts):
    """Return ``Frame(*parts)``, for less work."""
    return make(Frame, parts[0], parts[1], parts[2])


cdef object read(bytes raw, dict blocks, dict bares, Py_ssize_t most_headers):
    """Return what the block of a SEND means that is written in the plain way; None for any other."""
    cdef const char *start = PyBytes_AS_STRING(raw)
    cdef const char *end = start + len(raw)
    cdef const char *line = start + 4
    cdef const char *cut = end
    cdef const char *cut_end = end
    cdef char *tail
    cdef Py_ssize_t length = -1, lines = 0
    if raw[:5] != b"SEND\n" or is_odd(start, end):
        return None
    cdef dict fields = {}
    while line < end:
        line += 1
        lines += 1
        stop = find(line, end, b"\n")
        colon = find(line, stop, b":")
        if colon == stop or colon == line or lines > most_headers:
            return None
        if colon - line == 14 and memcmp(line, b"content-length", 14) == 0:
            length, cut, cut_end = strtol(colon + 1, &tail, 10), line - 1, stop
            if tail != stop or stop - colon > 10 or not 48 <= colon[1] <= 57:
                return None
        else:
            name = PyUnicode_DecodeUTF8(line, colon - line, NULL)
            fields[name] = PyUnicode_DecodeUTF8(colon + 1, stop - colon - 1, NULL)
        line = stop
    if len(fields) + (cut < end) != lines:
        return None  # a name that is repeated
    bare = PyBytes_FromStringAndSize(start + 4, cut - start - 4)
    if cut_end < end:
        bare += PyBytes_FromStringAndSize(cut_end, end - cut_end)
    headers = bares.get(bare)
    if headers is None:
        headers = make_headers(fields, bare)
    block = make(Block, SEND, headers, length)
    if len(blocks) < GENERATION and len(bares) < GENERATION and is_plain(fields, raw):
        bares[bare], blocks[raw] = headers, block
    return block


def scan(bytes data, Py_ssize_t pos, dict blocks, dict bares, object limits, list frames):
    """Append frames that are written in the plain way; return where the first other one starts."""
    cdef const char *start = PyBytes_AS_STRING(data)
    cdef const char *end = start + len(data)
    cdef Py_ssize_t length, most = limits.body_bytes
    cdef Py_ssize_t most_block = min(limits.line_bytes, limits.block_bytes) if limits.command_bytes > 3 else 0
    while True:
        while start + pos < end and start[pos] in b"\n\r\0":
            pos += 1
        body = find(start + pos, end, b"\n") + 1
        while body < end and body[0] != b"\n" and body[0] != b"\r":
            body = find(body, end, b"\n") + 1
        if body >= end or body[0] == b"\r":
            return pos
        raw = PyBytes_FromStringAndSize(start + pos, body - 1 - start - pos)
        block = blocks.get(raw)
        if block is None and bares is not None and len(raw) <= most_block:
            try:
                block = read(raw, blocks, bares, limits.headers)
            except UnicodeDecodeError:
                return pos
        if block is None:
            return pos
        length, body = (<tuple>block)[2], body + 1
        stop = find(body, end, 0) if length < 0 else min(body + length, end)
        if stop == end or stop[0] != 0 or stop - body > most:
            return pos
        frames.append(make(Frame, SEND, (<tuple>block)[1], PyBytes_FromStringAndSize(body, stop - body)))
        pos = stop + 1 - start
