"""Runs a program in a pseudo-terminal: pseudo-terminal.py ROWS COLUMNS STDOUT PROGRAM...

What the program writes to the terminal goes to our standard output, our standard input to the terminal.
STDOUT is a file for the program's standard output, or - to leave it on the terminal. Each line "ROWS COLUMNS" on
descriptor 3 gives the terminal another size, and is answered with an empty one.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios

rows, columns, stdout, *program = sys.argv[1:]


def resize(rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


child, terminal = pty.fork()
if child == 0:
    # Before the program starts, so that it never sees another size.
    terminal = 2
    resize(rows, columns)
    os.close(3)
    if stdout != "-":
        os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
    os.execvp(program[0], program)

sources = [terminal, 0, 3]
while True:
    ready, _, _ = select.select(sources, [], [])
    if 0 in ready:
        typed = os.read(0, 65536)
        if typed:
            os.write(terminal, typed)
        else:
            sources.remove(0)
    if 3 in ready:
        orders = os.read(3, 65536).decode()
        for order in orders.splitlines():
            resize(*order.split())
            os.write(3, b"\n")
        if not orders:
            sources.remove(3)
    if terminal in ready:
        try:
            shown = os.read(terminal, 65536)
        except OSError:
            # The terminal of a program that has ended.
            break
        if not shown:
            break
        os.write(1, shown)

_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
