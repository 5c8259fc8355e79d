"""The one error that is meant for people, and the way to stop long work."""

from collections.abc import Callable


class InputError(ValueError):
    """Something a person gave us cannot be used, and they can put it right.

    The message is one sentence that names the file or argument, says what is wrong with it and
    what to do. Command lines print it on stderr and leave with code 2; the page shows it as it is.
    Every package raises this class for a person's mistakes, and nothing else for them.
    """


class Cancelled(Exception):
    """Raised by a `Progress` callback to stop long work; nothing half-written is left behind."""


Progress = Callable[[str, float, float | None], None]
"""Called as progress(stage, done, total) while long work runs: seconds of media (or files) done,
and in all where that is known. It may raise `Cancelled`."""
