#!/usr/bin/env python3
"""Invalidates keys of Cachette, with nothing but Python's standard library and redis-cli.

    python3 redis-invalidate.py [--cluster] PREFIX KEY ... [-- arguments of redis-cli]

Prints for each key whether there was an entry. docs/redis-keyspace.md says what the names mean.
"""

import os
import subprocess
import sys
import uuid
import zlib

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "redis-invalidate.lua")


def names(prefix, key, cluster):
    """The five keys of the script, and the partition."""
    partition = "%02x" % (zlib.crc32(key.encode()) & 255) if cluster else "0"
    tag = "{%s}" % partition if cluster else ""
    sides = [prefix + "!" + kind + ":" + tag for kind in ("sequence", "log", "lease", "floor")]
    sequence, log, lease, floor = sides
    return partition, [sequence + partition, log + partition, prefix + tag + key, lease + key, floor + key]


def invalidate(prefix, key, cluster, database, options):
    partition, keys = names(prefix, key, cluster)
    # Bytes before the key in the name of its entry.
    offset = len(prefix.encode()) + (4 if cluster else 0)
    arguments = [partition, uuid.uuid4().hex, "%s!bus:%d" % (prefix, database), "10000", str(offset), ""]
    with open(SCRIPT) as file:
        command = ["redis-cli", *options, "EVAL", file.read(), str(len(keys)), *keys, *arguments]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    # The epoch or an empty line, then 1 or 0.
    if len(answer) < 2 or answer[1] not in ("0", "1"):
        raise SystemExit("\n".join(answer))
    return answer[1] == "1"


if __name__ == "__main__":
    words = sys.argv[1:]
    options = words[words.index("--") + 1 :] if "--" in words else []
    words = words[: words.index("--")] if "--" in words else words
    cluster = "--cluster" in words
    prefix, *keys = [word for word in words if word != "--cluster"]
    # The channel is that of the database that redis-cli is told to use.
    database = int(options[options.index("-n") + 1]) if "-n" in options else 0
    for key in keys:
        print(key, "removed" if invalidate(prefix, key, cluster, database, options) else "absent")
