# cython: language_level=3, boundscheck=False, wraparound=False
"""The twin of ``scanner.scan`` where there is a C compiler; it reads blocks that are new, too."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.ref cimport Py_INCREF
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.string cimport memchr, memcmp, memcpy

from hoofbeat.protocol.blocks import ACK_ID_BYTES, GENERATION, Block, is_plain
from hoofbeat.protocol.commands import Command
from hoofbeat.protocol.frames import Frame
from hoofbeat.protocol.headers import make_headers, make_id

cdef extern from "Python.h":
    void Py_SET_TYPE(object, type)

cdef object SEND = Command.SEND, ACK = Command.ACK
cdef enum:
    ID_AT = 7  # in an ACK that begins with its id
cdef Py_ssize_t most_in_id = ACK_ID_BYTES
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
    """Return the lines of a SEND that have the model's names, but for ``content-length``; None for any other.

    What that says is put into ``length``; -1 without it.
    """
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


cdef object block_of(bytes raw, bytes bare, object headers, Py_ssize_t length, dict blocks, dict bares):
    """Return the block of a SEND, and remember it if it may well come again."""
    block = make(Block, (SEND, headers, length))
    if is_plain(headers.fields, raw) and len(blocks) < GENERATION and len(bares) < GENERATION:
        bares[bare], blocks[raw] = headers, block
    return block


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
    if is_plain(fields, raw):
        model, model_lines = headers, bare
    return block_of(raw, bare, headers, length, blocks, bares)


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


cdef inline const char *end_of_ack(const char *at, const char *end) noexcept:
    """Return where the id ends of an ACK that has a plain one and nothing else; ``at`` for any other frame."""
    cdef const char *first = at + ID_AT, *id = first
    if end - at <= ID_AT or memcmp(at, b"ACK\nid:", ID_AT) != 0:
        return at
    while id < end and 33 <= id[0] <= 126 and id[0] != b":" and id[0] != b"\\":
        id += 1
    if not 0 < id - first <= most_in_id or end - id < 3 or memcmp(id, b"\n\n\0", 3) != 0:
        return at
    return id


cdef inline Py_ssize_t most_in_block(object limits):
    """Return how many octets a block may have, but for its last EOL, so that no limit is passed."""
    cdef Py_ssize_t command = (<tuple>limits)[0], line = (<tuple>limits)[2], block = (<tuple>limits)[3]
    return min(line, block) if command > 3 else 0


cdef object read_or_leave(bytes raw, dict blocks, dict bares, Py_ssize_t most_headers):
    """Return what ``read`` does; None, too, for what is not UTF-8, which the decoder complains of."""
    try:
        return read(raw, blocks, bares, most_headers)
    except UnicodeDecodeError:
        return None


cdef object headers_of(
    const char *at, const char *end, dict blocks, dict bares, Py_ssize_t most, bint *is_skimming, Py_ssize_t *length
):
    """Return the headers of the block that stands there, with ``length`` of its body; None where it is not for us.

    Where the last block had the model's names, which ``is_skimming`` says, this one is compared with them first.
    """
    cdef bytes raw, bare = None
    block = None if is_skimming[0] else look_up(at, end, blocks)
    if block is None and bares is not None and model is not None and model.is_model:  # somebody has looked at it
        bare = skim(at, end, most, length)
        if bare is not None and is_new(bare):
            is_skimming[0] = True
            return make_headers(None, bare, model)
    if block is None and is_skimming[0]:
        block = look_up(at, end, blocks)
    is_skimming[0] = False
    if block is None and bares is not None:
        raw = PyBytes_FromStringAndSize(at, end - at)
        if bare is None:
            block = read_or_leave(raw, blocks, bares, most)
        else:
            headers = bares.get(bare) or make_headers(None, bare, model)
            block = block_of(raw, bare, headers, length[0], blocks, bares)
    if block is None:
        return None
    length[0] = (<tuple>block)[2]
    return (<tuple>block)[1]


def scan(bytes data, Py_ssize_t pos, dict blocks, dict bares, object limits, list frames):
    """Append frames that are written in the plain way; return where the first other one starts."""
    cdef const char *start = PyBytes_AS_STRING(data), *end = start + len(data), *at = start + pos
    cdef Py_ssize_t length, most = (<tuple>limits)[4]
    cdef Py_ssize_t most_headers = (<tuple>limits)[1], most_block = most_in_block(limits)
    cdef bint is_skimming = False
    cdef bint reads_acks = bares is not None and most_block > 2 * most_in_id and most_headers > 0
    while True:
        while at < end and at[0] in b"\n\r\0":
            at += 1
        id = end_of_ack(at, end) if reads_acks else at
        if id > at:
            headers = make_id(PyUnicode_DecodeUTF8(at + ID_AT, id - at - ID_AT, NULL))
            frames.append(make(Frame, (ACK, headers, b"")))
            at = id + 3
            continue
        body = find(at, end, b"\n") + 1
        while body < end and body[0] != b"\n" and body[0] != b"\r":
            body = find(body, end, b"\n") + 1
        if body >= end or body[0] == b"\r":
            return at - start
        known = bares if body - 1 - at <= most_block else None
        headers = headers_of(at, body - 1, blocks, known, most_headers, &is_skimming, &length)
        if headers is None:
            return at - start
        body = body + 1
        stop = find(body, end, 0) if length < 0 else min(body + length, end)
        if stop == end or stop[0] != 0 or stop - body > most:
            return at - start
        frames.append(make(Frame, (SEND, headers, PyBytes_FromStringAndSize(body, stop - body))))
        at = stop + 1
