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
    "{file}: this is not a music catalogue: none of the ten columns ({columns}) is named, "
    "and there are {n} columns where ten bare numbers (with or without a name before them) would do.": (
        "{file}：这不是音乐曲库：没有十个音乐列（{columns}）中的任何一列；若无列名，每行应有十个数字（前面可有名称），而这里有 {n} 列。"
    ),
    "{file}: the catalogue has no column for {missing}; it needs all ten: {columns} (your own names are known too).": (
        "{file}：曲库缺少 {missing} 列；十列都需要：{columns}（也认得你自己的列名）。"
    ),
    "{file}: the catalogue is empty; build one with `leitmotif catalogue build`.": (
        "{file}：曲库是空的；可用 `leitmotif catalogue build` 建立。"
    ),
    "{file}: not a text table in UTF-8 or GB18030; save the catalogue as CSV (UTF-8) or Parquet.": (
        "{file}：不是 UTF-8 或 GB18030 编码的文本表格；请把曲库存为 CSV (UTF-8) 或 Parquet。"
    ),
    "{file}: line {n} is not CSV ({why}); save the table again as CSV.": "{file}：第 {n} 行不是 CSV（{why}）；请重新存为 CSV。",
    "{file}: a damaged Parquet file ({why}); write it again.": "{file}：Parquet 文件已损坏（{why}）；请重新生成。",
    "{file}: no usable track in this catalogue (line {n}: {why}); every row needs ten numbers.": (
        "{file}：曲库中没有可用的曲目（第 {n} 行：{why}）；每行都需要十个数字。"
    ),
    "{file}: no usable track in this catalogue; every row needs ten numbers.": "{file}：曲库中没有可用的曲目；每行都需要十个数字。",
    "{n} columns where the header has {width}": "有 {n} 列，而表头有 {width} 列",
    "{column} is missing": "缺少 {column}",
    "{column} is not a finite number ('{cell}')": "{column} 不是有限的数字（“{cell}”）",
    "track_id '{id}' is there already": "track_id “{id}” 已经有了",
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
