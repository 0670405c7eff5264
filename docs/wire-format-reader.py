#!/usr/bin/env python3
"""Reads the bytes that Cachette stores, with nothing but Python's standard library.

    redis-cli --raw get app:user:1 | python3 wire-format-reader.py -
    python3 wire-format-reader.py FILE ...

Prints one line of JSON for each input. It reads every header, and raw, text, JSON, counter and negative bodies,
compressed with gzip or not; what it can't read it names. docs/wire-format.md says what the fields mean.
"""

import base64
import gzip
import json
import struct
import sys

MAGIC = 0xC1
BODIES = ["raw", "text", "json", "rich", "counter", "negative", "custom"]
CODECS = ["none", "gzip", "brotli", "zstd"]
COMPRESSED, ENCRYPTED, ROW_VERSION, BUFFER = 1, 2, 4, 8
FIXED = struct.Struct(">BBBBIQQI16sH")
FOREVER = 0xFFFF_FFFF_FFFF_FFFF


class Unreadable(Exception):
    """Bytes that this reader can't make a value of."""


class Header:
    """The variable part of a header, read from left to right."""

    def __init__(self, data, at):
        self.data = data
        self.at = at

    def take(self, count):
        part = self.data[self.at : self.at + count]
        if len(part) < count:
            raise Unreadable("the header is cut off")
        self.at += count
        return part

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def text(self, size):
        return self.take(self.number(size)).decode("utf-8")


def read(data):
    """A dictionary of everything in the bytes of one entry."""
    if not data or data[0] != MAGIC:
        return {"frame": False, "value": json.loads(data.decode("utf-8"))}
    entry = {"frame": True}
    try:
        read_frame(data, entry)
    except Unreadable as reason:
        entry["unreadable"] = str(reason)
    return entry


def read_frame(data, entry):
    if len(data) < FIXED.size:
        raise Unreadable("the frame is cut off")
    _, version_and_body, flags, codec, length, ttl, grace, load, row, tags = FIXED.unpack_from(data)
    entry["version"] = version_and_body >> 4
    if entry["version"] != 1:
        raise Unreadable("version %d" % entry["version"])
    if version_and_body & 15 >= len(BODIES):
        raise Unreadable("body type %d" % (version_and_body & 15))
    if flags & ~(COMPRESSED | ENCRYPTED | ROW_VERSION | BUFFER):
        raise Unreadable("flags %d" % flags)
    if codec >= len(CODECS):
        raise Unreadable("compression %d" % codec)
    if not FIXED.size <= length <= len(data):
        raise Unreadable("the frame is cut off")
    body = BODIES[version_and_body & 15]
    entry["body"] = body
    entry["ttlMs"] = None if ttl == FOREVER else ttl
    entry["graceMs"] = None if grace == FOREVER else grace
    entry["loadMs"] = load
    entry["rowVersion"] = row.decode("ascii") if flags & ROW_VERSION else None
    header = Header(data[:length], FIXED.size)
    entry["tags"] = [
        {"tag": header.text(2), "hard": header.take(8).hex(), "soft": header.number(4)} for _ in range(tags)
    ]
    if body == "custom":
        entry["serializer"] = header.text(1)
    tree_length = header.number(4) if body == "rich" else 0
    if flags & COMPRESSED:
        entry["compression"] = CODECS[codec]
        entry["length"] = header.number(4)
    if flags & ENCRYPTED:
        entry["keyId"] = header.text(1)
        header.take(12)
        raise Unreadable("encrypted")
    content = data[length:]
    if flags & COMPRESSED:
        if CODECS[codec] != "gzip":
            raise Unreadable("compressed with " + CODECS[codec])
        content = gzip.decompress(content)
        if len(content) != entry["length"]:
            raise Unreadable("a compressed body of another length")
    read_body(entry, body, flags, content, tree_length)


def read_body(entry, body, flags, content, tree_length):
    if body == "raw":
        entry["buffer"] = bool(flags & BUFFER)
        entry["base64"] = base64.b64encode(content).decode("ascii")
    elif body == "text":
        entry["value"] = content.decode("utf-8")
    elif body == "json":
        entry["value"] = json.loads(content.decode("utf-8"))
    elif body == "counter":
        entry["value"] = int(content.decode("ascii"))
    elif body == "negative":
        entry["value"] = None
    elif body == "rich":
        # The plain data are legible; which of them are dates, maps and so on, the tree says.
        split = len(content) - tree_length
        if split < 0:
            raise Unreadable("the revive tree is cut off")
        entry["plain"] = json.loads(content[:split].decode("utf-8"))
        entry["tree"] = json.loads(content[split:].decode("utf-8"))
        raise Unreadable("rich JSON: a revive tree is to be applied")
    else:
        raise Unreadable("written by the serializer " + entry["serializer"])


if __name__ == "__main__":
    for name in sys.argv[1:] or ["-"]:
        if name == "-":
            print(json.dumps(read(sys.stdin.buffer.read())))
        else:
            with open(name, "rb") as file:
                print(json.dumps(read(file.read())))
