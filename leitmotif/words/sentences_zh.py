"""What the packages say about a person's file, in Chinese: `translated` finds the sentence and what varies in it.

The packages speak English (`data.errors.InputError`, warnings); here stand those of their sentences
that somebody can meet in the page. One that is not here is shown as it was said.
"""

from __future__ import annotations

import re
import string
from functools import cache

SENTENCES: dict[str, str] = {
    "{file}: no such file; check the path.": "{file}：没有这个文件；请检查路径。",
    "{file}: cannot be read ({why}); check its permissions.": "{file}：无法读取（{why}）；请检查文件权限。",
    # Catalogue
    "{folder}: no track could be read ({why}); give a folder of music.": "{folder}：没有读出任何曲目（{why}）；请选择音乐文件夹。",
    "there is no audio file in it": "其中没有音频文件",
    "{file}: another build is at work on this catalogue; wait for it or choose another name.": (
        "{file}：此曲库正在由另一个任务建立；请等待，或换一个名称。"
    ),
}
"""English and Chinese; what stands in braces is taken over, and itself translated where it is known."""


def translated(sentence: str) -> str | None:
    """The sentence in Chinese; None if it is not known."""
    for pattern, chinese in _patterns():
        found = pattern.fullmatch(sentence)
        if found:
            return chinese.format(
                **{name: translated(said) or said for name, said in found.groupdict().items()}
            )
    return None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(_pattern(english), re.DOTALL), chinese)
        for english, chinese in SENTENCES.items()
    )


def _pattern(english: str) -> str:
    """What the sentence may look like: anything in the place of braces."""
    pieces = string.Formatter().parse(english)
    return "".join(
        re.escape(text) + (f"(?P<{name}>.+?)" if name else "") for text, name, _, _ in pieces
    )
