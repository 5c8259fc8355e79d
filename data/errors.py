"""The one error that is meant for people, and the way to stop long work."""

from collections.abc import Callable

from data.words import Sentence


class InputError(ValueError):
    """Something a person gave us cannot be used, and they can put it right.

    InputError(code, **values): the code names a sentence of `data/words` that says which file or
    argument is meant, what is wrong with it and what to do. Command lines print it on stderr and
    leave with code 2; the page shows it in its own language. Every package raises this class for a
    person's mistakes, and nothing else for them.

    code : such as "video.empty_file". values : what the sentence names. sentence : both, as text.
    """

    def __init__(self, code: str, /, **values: object) -> None:
        self.sentence = Sentence(code, **values)
        super().__init__(self.sentence)

    @property
    def code(self) -> str:
        return self.sentence.code

    @property
    def values(self) -> dict[str, object]:
        return self.sentence.values

    def __reduce__(self) -> tuple[object, ...]:  # errors travel between processes
        return _again, (type(self), self.code, self.values)


def _again(kind: type[InputError], code: str, values: dict[str, object]) -> InputError:
    return kind(code, **values)


class Cancelled(Exception):
    """Raised by a `Progress` callback to stop long work; nothing half-written is left behind."""


Progress = Callable[[str, float, float | None], None]
"""Called as progress(stage, done, total) while long work runs: seconds of media (or files) done,
and in all where that is known. It may raise `Cancelled`."""
