"""The eleven curves of a video as a table and as a page for the wall."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from data.atomic import atomic_path
from data.errors import InputError
from data.profiles import VIDEO_FIELDS, Field, VideoProfile
from features.video.timeline import Timeline

_SUFFIXES = (".png", ".pdf", ".svg", ".jpg")
_CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "WenQuanYi Zen Hei",
)
_PICTURES = 7
_INK, _LINE, _CUT = "#22252b", "#2f6db5", "#d0d3d9"


def write_curves(path: str | os.PathLike[str], profile: VideoProfile) -> None:
    """`time_s` and the eleven fields, a row per half second, as Parquet or .csv."""
    curves = profile.curves
    assert curves is not None
    columns = {"time_s": curves.times} | {name: curves[name] for name in curves.names}
    with atomic_path(path) as temporary:
        if Path(path).suffix.lower() == ".csv":
            rows = np.stack(list(columns.values()), axis=1)
            np.savetxt(
                temporary,
                rows,
                delimiter=",",
                header=",".join(columns),
                comments="",
                fmt="%.6g",
                encoding="utf-8",
            )
        elif Path(path).suffix.lower() == ".parquet":
            import pyarrow as pa
            import pyarrow.parquet as pq

            pq.write_table(pa.table(columns), temporary)
        else:
            raise InputError("render.curve_suffix", file=path)


def plot_curves(
    path: str | os.PathLike[str], title: str, timeline: Timeline, profile: VideoProfile
) -> None:
    """One page: key frames on top, under them the eleven curves with the cuts and each mean.

    Raises `InputError` for an ending other than .png, .pdf, .svg, .jpg.
    """
    if Path(path).suffix.lower() not in _SUFFIXES:
        raise InputError("render.plot_suffix", file=path, endings=_SUFFIXES)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.7, 16.5), facecolor="white")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(
        len(VIDEO_FIELDS) + 1, 1, height_ratios=[1.1] + [1] * len(VIDEO_FIELDS), hspace=0.28
    )
    figure.subplots_adjust(left=0.19, right=0.93, top=0.95, bottom=0.04)
    figure.suptitle(
        title,
        fontfamily=_fonts(),
        x=0.03,
        y=0.985,
        ha="left",
        fontsize=15,
        color=_INK,
        fontweight="bold",
        parse_math=False,
    )
    _draw_keyframes(figure, grid[0], timeline)
    for i, field in enumerate(VIDEO_FIELDS):
        axes = figure.add_subplot(grid[i + 1])
        _draw_curve(axes, field, timeline, profile, i)
        axes.tick_params(labelbottom=i == len(VIDEO_FIELDS) - 1, labelsize=8, length=2, colors=_INK)
    axes.set_xlabel("seconds", fontsize=9, color=_INK)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130)


def _fonts() -> list[str]:
    """The usual font, and one with Chinese characters where the system has any."""
    from matplotlib.font_manager import get_font_names

    there = set(get_font_names())
    return ["DejaVu Sans", *(name for name in _CHINESE_FONTS if name in there)]


def _draw_curve(
    axes: Any, field: Field, timeline: Timeline, profile: VideoProfile, row: int
) -> None:
    curves = profile.curves
    assert curves is not None
    curve = curves[field.name]
    axes.vlines(timeline.cuts, field.low, field.high, color=_CUT, linewidth=0.7)
    axes.axhline(field.neutral, color=_CUT, linewidth=0.7, linestyle=":")
    faint = 0.35 + 0.65 * float(profile.confidence[row])
    times = np.append(curves.times, timeline.duration)
    axes.stairs(curve, times, baseline=field.neutral, fill=True, color=_LINE, alpha=0.18 * faint)
    axes.stairs(curve, times, baseline=None, color=_LINE, alpha=faint, linewidth=1.4)
    axes.set_xlim(0, timeline.duration)
    axes.set_ylim(field.low, field.high)
    axes.set_yticks([field.low, field.neutral, field.high])
    axes.set_ylabel(
        field.label, rotation=0, ha="right", va="center", fontsize=10, color=_INK, labelpad=14
    )
    digits = 2 if field.high - field.low <= 20 else 0
    axes.text(
        1.012,
        0.5,
        f"{profile.values[row]:.{digits}f}",
        transform=axes.transAxes,
        va="center",
        fontsize=12,
        color=_INK,
    )
    axes.text(
        1.012,
        0.12,
        f"{profile.confidence[row]:.0%} sure",
        transform=axes.transAxes,
        va="center",
        fontsize=7,
        color="#7a7f88",
    )
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(_CUT)


def _draw_keyframes(figure: Any, cell: Any, timeline: Timeline) -> None:
    """Pictures of the longest shots in order of time, each over a tick at its moment."""
    import io

    from PIL import Image

    axes = figure.add_subplot(cell)
    axes.set_xlim(0, timeline.duration)
    axes.set_ylim(0, 1)
    axes.axis("off")
    room = max(timeline.duration, 1e-3) / _PICTURES
    after = -np.inf
    for time, jpeg in timeline.keyframes:
        left = min(max(time - room / 2, after), timeline.duration - room)
        if left < after - 1e-9:
            continue
        picture = np.asarray(Image.open(io.BytesIO(jpeg)))
        box = axes.transData.transform([(left, 0.12), (left + room * 0.96, 1)])
        width, height = box[1] - box[0]
        shown = min(width / picture.shape[1], height / picture.shape[0])
        spread = shown * picture.shape[1] / width * room * 0.96
        tall = shown * picture.shape[0] / height * 0.88
        axes.imshow(
            picture,
            extent=(left, left + spread, 0.12, 0.12 + tall),
            aspect="auto",
            interpolation="lanczos",
        )
        axes.plot([time, time], [0, 0.08], color=_INK, linewidth=0.8)
        after = left + room
    axes.set_xlim(0, timeline.duration)
    axes.set_ylim(0, 1)
