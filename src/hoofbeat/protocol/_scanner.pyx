# cython: language_level=3, boundscheck=False, wraparound=False
"""The twin of ``scanner.scan`` where there is a C compiler; it reads blocks that are new, too."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.ref cimport Py_INCREF
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.string cimport memchr, memcmp, memcpy

from hoofbeat.protocol.blocks import GENERATION, Block, is_plain
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import make_headers

cdef extern from "Python.h":
    void Py_SET_TYPE(object, type)

cdef object SEND = Command.SEND
cdef unsigned long long seen[1024]  # of blocks that came once, what they mix to
cdef object model = None  # headers whose names, where they come again, mean the same again
cdef bytes model_lines = b""
cdef dict last_blocks = None  # where the block of the last frame was found
cdef bytes last_raw = b""
cdef object last_block = None


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


cdef inline Py_ssize_t number(const char *at, const char *end) noexcept:
    """Read one to nine digits; -1 where there is anything else."""
    cdef Py_ssize_t value = 0
    if not 1 <= end - at <= 9:
        return -1
    while at < end:
        if not 48 <= at[0] <= 57:
            return -1
        value, at = 10 * value + (at[0] - 48), at + 1
    return value


cdef inline bint is_length(const char *line, const char *colon) noexcept:
    return colon - line == 14 and memcmp(line, b"content-length", 14) == 0


cdef bytes skim(const char *start, const char *end, Py_ssize_t most_headers, Py_ssize_t *length):
    """Return the lines of a SEND that have the model's names, but for ``content-length``; None for any other."""
    cdef const char *line = start + 4, *cut = end, *cut_end = end
    cdef Py_ssize_t lines = 0
    cdef const char *known = PyBytes_AS_STRING(model_lines), *known_end = known + len(model_lines)
    length[0] = -1
    if end - start < 5 or memcmp(start, b"SEND\n", 5) != 0 or is_odd(start, end) or not is_ascii(start, end):
        return None
    while line < end:
        line, lines = line + 1, lines + 1
        stop = find(line, end, b"\n")
        colon = find(line, stop, b":")
        if colon == stop or lines > most_headers:
            return None
        if is_length(line, colon):
            length[0] = number(colon + 1, stop)
            if cut < end or length[0] < 0:
                return None
            cut, cut_end = line - 1, stop
        elif known_end - known < colon - line + 2 or memcmp(line - 1, known, colon - line + 2) != 0:
            return None
        else:
            known = find(known + 1, known_end, b"\n")
        line = stop
    if known < known_end:
        return None
    return join(start + 4, cut, cut_end, end)


cdef inline bint is_new(bytes bare) noexcept:
    """Say whether such a block has not come before, as far as we know; from now on it has."""
    cdef const char *at = PyBytes_AS_STRING(bare), *end = at + len(bare)
    cdef unsigned long long eight = 0, mixed = end - at
    while end - at >= 8:
        memcpy(&eight, at, 8)
        mixed, at = (mixed ^ eight) * 0x9E3779B97F4A7C15ULL, at + 8
        mixed ^= mixed >> 29
    eight = 0
    memcpy(&eight, at, end - at)
    mixed = (mixed ^ eight) * 0x9E3779B97F4A7C15ULL
    mixed ^= mixed >> 29
    if seen[mixed % 1024] == mixed:
        return False
    seen[mixed % 1024] = mixed
    return True


cdef object read(bytes raw, dict blocks, dict bares, Py_ssize_t most_headers):
    """Return what the block of a SEND means that is written in the plain way; None for any other."""
    global model, model_lines
    cdef const char *start = PyBytes_AS_STRING(raw), *end = start + len(raw), *line = start + 4
    cdef const char *cut = end, *cut_end = end
    cdef Py_ssize_t length = -1, lines = 0
    cdef dict fields = {}
    if len(raw) < 5 or memcmp(start, b"SEND\n", 5) != 0 or is_odd(start, end):
        return None
    if not is_ascii(start, end):
        PyUnicode_DecodeUTF8(start, end - start, NULL)  # or this is not UTF-8
    while line < end:
        line, lines = line + 1, lines + 1
        stop = find(line, end, b"\n")
        colon = find(line, stop, b":")
        if colon == stop or colon == line or lines > most_headers:
            return None
        if is_length(line, colon):
            length = number(colon + 1, stop)
            if cut < end or length < 0:
                return None
            cut, cut_end = line - 1, stop
        else:
            name = PyUnicode_DecodeUTF8(line, colon - line, NULL)
            fields[name] = PyUnicode_DecodeUTF8(colon + 1, stop - colon - 1, NULL)
        line = stop
    if len(fields) + (cut < end) != lines:
        return None  # a name that is repeated
    bare = join(start + 4, cut, cut_end, end)
    headers = bares.get(bare) or make_headers(fields, bare, None)
    block = make(Block, (SEND, headers, length))
    if is_plain(fields, raw):
        model, model_lines = headers, bare
        if len(blocks) < GENERATION and len(bares) < GENERATION:
            bares[bare], blocks[raw] = headers, block
    return block


cdef object look_up(const char *start, const char *end, dict blocks):
    """Return the block if it is known; where it is the last frame's, that costs next to nothing."""
    global last_blocks, last_raw, last_block
    cdef Py_ssize_t size = end - start
    if size == len(last_raw) and last_blocks is blocks and not memcmp(start, PyBytes_AS_STRING(last_raw), size):
        return last_block
    raw = PyBytes_FromStringAndSize(start, size)
    block = blocks.get(raw)
    if block is not None:
        last_blocks, last_raw, last_block = blocks, raw, block
    return block


cdef inline Py_ssize_t most_in_block(object limits):
    """Return how many octets a block may have, but for its last EOL, so that no limit is passed."""
    cdef Py_ssize_t command = (<tuple>limits)[0], line = (<tuple>limits)[2], block = (<tuple>limits)[3]
    return min(line, block) if command > 3 else 0


cdef object new_block(const char *start, const char *end, dict blocks, dict bares, Py_ssize_t most_headers):
    """Return a block that is read for the first time; None where that is not for us."""
    try:
        return read(PyBytes_FromStringAndSize(start, end - start), blocks, bares, most_headers)
    except UnicodeDecodeError:
        return None


def scan(bytes data, Py_ssize_t pos, dict blocks, dict bares, object limits, list frames):
    """Append frames that are written in the plain way; return where the first other one starts."""
    cdef const char *start = PyBytes_AS_STRING(data), *end = start + len(data), *at = start + pos
    cdef Py_ssize_t length, most = (<tuple>limits)[4]
    cdef Py_ssize_t most_headers = (<tuple>limits)[1], most_block = most_in_block(limits)
    cdef bint is_skimming = False  # the last frame had the model's names
    while True:
        while at < end and at[0] in b"\n\r\0":
            at += 1
        body = find(at, end, b"\n") + 1
        while body < end and body[0] != b"\n" and body[0] != b"\r":
            body = find(body, end, b"\n") + 1
        if body >= end or body[0] == b"\r":
            return at - start
        block = None if is_skimming else look_up(at, body - 1, blocks)
        headers = None
        if block is None:
            if bares is None or body - 1 - at > most_block:
                return at - start
            if model is not None and model.is_model:  # somebody has looked at it
                bare = skim(at, body - 1, most_headers, &length)
                if bare is not None and is_new(bare):
                    headers = make_headers(None, bare, model)
            if is_skimming and headers is None:
                block = look_up(at, body - 1, blocks)
            is_skimming = headers is not None
            if headers is None and block is None:
                block = new_block(at, body - 1, blocks, bares, most_headers)
                if block is None:
                    return at - start
        if headers is None:
            headers, length = (<tuple>block)[1], (<tuple>block)[2]
        body = body + 1
        stop = find(body, end, 0) if length < 0 else min(body + length, end)
        if stop == end or stop[0] != 0 or stop - body > most:
            return at - start
        frames.append(make(Frame, (SEND, headers, PyBytes_FromStringAndSize(body, stop - body))))
        at = stop + 1
