"""What a command owes the terminal it runs in: any locale, and a pipe that closes."""

import os
import sys
from collections.abc import Callable


def run(main: Callable[[], int | None]) -> None:
    """Run a command's `main` and leave with its status.

    What the terminal cannot show becomes a question mark; where the reader of a pipe
    has gone (``| head``), the command ends in silence.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain when it flushes what nobody reads
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)
