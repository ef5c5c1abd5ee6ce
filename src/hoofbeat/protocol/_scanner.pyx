# cython: language_level=3, boundscheck=False, wraparound=False
"""The twin of ``scanner.scan`` where there is a C compiler; it reads blocks that are new, too."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.ref cimport Py_INCREF
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdlib cimport strtol
from libc.string cimport memchr, memcmp, memcpy

from hoofbeat.protocol.blocks import GENERATION, Block, is_plain
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import make_headers

cdef extern from "Python.h":
    void Py_SET_TYPE(object, type)

cdef object SEND = Command.SEND
cdef size_t seen[1024]  # hashes of blocks that came once
cdef object model = None  # headers whose names, where they come again, mean the same again
cdef bytes model_lines = b""


cdef inline const char *find(const char *start, const char *end, char what) noexcept:
    cdef const char *found = <const char *>memchr(start, what, end - start)
    return end if found == NULL else found


cdef inline bint is_odd(const char *start, const char *end) noexcept:
    return find(start, end, b"\\") < end or find(start, end, b"\r") < end or find(start, end, 0) < end


cdef inline bint is_ascii(const char *at, const char *end) noexcept:
    cdef unsigned long long eight
    while end - at >= 8:
        memcpy(&eight, at, 8)
        if eight & 0x8080808080808080ULL:
            return False
        at += 8
    while at < end:
        if at[0] & 0x80:
            return False
        at += 1
    return True


cdef inline bytes join(const char *start, const char *stop, const char *again, const char *end):
    """Put together what lies between two places, and between two others."""
    cdef bytes whole = PyBytes_FromStringAndSize(NULL, (stop - start) + (end - again))
    memcpy(PyBytes_AS_STRING(whole), start, stop - start)
    memcpy(PyBytes_AS_STRING(whole) + (stop - start), again, end - again)
    return whole


cdef inline object make(type kind, tuple parts):
    """Turn a tuple that nobody else has into a named one."""
    Py_INCREF(kind)
    Py_SET_TYPE(parts, kind)
    return parts


def make_frame(tuple parts):
    """Return ``Frame(*parts)``, for less work."""
    return make(Frame, (parts[0], parts[1], parts[2]))


cdef object read(bytes raw, dict blocks, dict bares, Py_ssize_t most_headers, bint is_lazy):
    """Return what the block of a SEND means that is written in the plain way; None for any other."""
    global model, model_lines
    cdef const char *start = PyBytes_AS_STRING(raw), *end = start + len(raw), *line = start + 4
    cdef const char *known = PyBytes_AS_STRING(model_lines), *known_end = known + len(model_lines)
    cdef const char *cut = end, *cut_end = end
    cdef char *tail
    cdef Py_ssize_t length = -1, lines = 0
    cdef dict fields = None if is_lazy else {}
    if memcmp(start, b"SEND\n", 5) != 0 or is_odd(start, end):
        return None
    if not is_ascii(start, end):
        PyUnicode_DecodeUTF8(start, end - start, NULL)  # or this is not UTF-8
    while line < end:
        line, lines = line + 1, lines + 1
        stop = find(line, end, b"\n")
        colon = find(line, stop, b":")
        if colon == stop or colon == line or lines > most_headers:
            return None
        if colon - line == 14 and memcmp(line, b"content-length", 14) == 0:
            length = strtol(colon + 1, &tail, 10)
            if cut < end or tail != stop or stop - colon > 10 or not 48 <= colon[1] <= 57:
                return None
            cut, cut_end = line - 1, stop
        elif fields is not None:
            name = PyUnicode_DecodeUTF8(line, colon - line, NULL)
            fields[name] = PyUnicode_DecodeUTF8(colon + 1, stop - colon - 1, NULL)
        elif known_end - known < colon - line + 2 or memcmp(line - 1, known, colon - line + 2) != 0:
            break
        else:
            known = find(known + 1, known_end, b"\n")
        line = stop
    if fields is None and (line < end or known < known_end):  # not the names that the model has
        return read(raw, blocks, bares, most_headers, False)
    if fields is not None and len(fields) + (cut < end) != lines:
        return None  # a name that is repeated
    bare = join(start + 4, cut, cut_end, end)
    headers = bares.get(bare) or make_headers(fields, bare, model)
    block = make(Block, (SEND, headers, length))
    if fields is None and seen[hash(bare) % 1024] != <size_t>hash(bare):
        seen[hash(bare) % 1024] = hash(bare)  # worth keeping if it comes again
    elif is_plain(headers.fields, raw):
        if fields is not None:
            model, model_lines = headers, bare
        if len(blocks) < GENERATION and len(bares) < GENERATION:
            bares[bare], blocks[raw] = headers, block
    return block


def scan(bytes data, Py_ssize_t pos, dict blocks, dict bares, object limits, list frames):
    """Append frames that are written in the plain way; return where the first other one starts."""
    cdef const char *start = PyBytes_AS_STRING(data), *end = start + len(data)
    cdef Py_ssize_t length, most = limits.body_bytes
    cdef Py_ssize_t most_block = min(limits.line_bytes, limits.block_bytes) if limits.command_bytes > 3 else 0
    cdef object leader = model if model is not None and model.is_model else SEND  # somebody has looked at it
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
                block = read(raw, blocks, bares, limits.headers, model is leader)
            except UnicodeDecodeError:
                return pos
        if block is None:
            return pos
        length, body = (<tuple>block)[2], body + 1
        stop = find(body, end, 0) if length < 0 else min(body + length, end)
        if stop == end or stop[0] != 0 or stop - body > most:
            return pos
        frames.append(make(Frame, (SEND, (<tuple>block)[1], PyBytes_FromStringAndSize(body, stop - body))))
        pos = stop + 1 - start
