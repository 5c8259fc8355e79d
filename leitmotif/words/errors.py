"""How a command ends: 0, 2 for what a person can put right, 1 for our own mistakes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

from data.errors import Cancelled, InputError

__all__ = ["Cancelled", "InputError", "exit_code"]


def exit_code(work: Callable[[], int | None]) -> int:
    """Run `work` and turn its outcome into an exit code.

    `InputError` becomes one sentence on stderr and 2, and so does what the system refuses (a full
    disk, a folder that cannot be written); Ctrl-C becomes 130; a closed pipe is quiet. Anything
    else is our mistake and keeps its traceback (Python leaves with 1).
    """
    try:
        code = work() or 0
        sys.stdout.flush()
        return code
    except InputError as error:
        return _say(error)
    except (KeyboardInterrupt, Cancelled):
        print("leitmotif: stopped; nothing half-written is left.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if os.environ.get("LEITMOTIF_DEBUG"):
            raise
        return _say(_of_the_system(error))


def _of_the_system(error: OSError) -> InputError:
    """A refusal of the system as a sentence."""
    name = error.filename or error.filename2 or "leitmotif"
    if error.errno == errno.ENOSPC:
        return InputError("files.disk_full", file=name)
    return InputError("files.trouble", file=name, why=error.strerror or error)


def _say(error: InputError) -> int:
    print(f"leitmotif: {error}", file=sys.stderr)
    return 2
