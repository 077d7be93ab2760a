"""Runs a command and writes what it cost to a file.

usage: measure-process.py REPORT COMMAND [ARGUMENT ...]

A process of its own and a small one: Linux counts the memory of the process that starts a program into the
program's peak, and Node alone would add its hundred megabytes to every figure.
"""

import json
import os
import sys
import time

report, command = sys.argv[1], sys.argv[2:]
started_at = time.time()
started = time.monotonic()
process = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(process, 0)
wall = time.monotonic() - started
with open(report, "w") as file:
    json.dump(
        {
            "exitCode": os.waitstatus_to_exitcode(status),
            "startedAtMs": started_at * 1000,
            "wallMs": wall * 1000,
            "userMs": usage.ru_utime * 1000,
            "systemMs": usage.ru_stime * 1000,
            "peakResidentBytes": usage.ru_maxrss * 1024,
        },
        file,
    )
