"""Tables and pictures of an evaluation, and of pairs, as one HTML page with nothing to fetch."""

from __future__ import annotations

import html
import io
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from data.atomic import atomic_path
from data.pairs import Pairs
from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS, Field
from recommender.comparison import CHANCE, Evaluation, Score
from recommender.protocol import METRICS, RECALLS

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;
color:#222;background:#fff}table{border-collapse:collapse;margin:1rem 0}
td,th{padding:.25rem .7rem;text-align:right;border-bottom:1px solid #ddd;white-space:nowrap}
td:first-child,th:first-child{text-align:left}small{color:#666}.sure{font-weight:600}
figure{margin:1rem 0}svg{max-width:100%;height:auto}
"""
ALPHA = 0.05


def write_page(path: str | os.PathLike, evaluations: Sequence[Evaluation]) -> None:
    """Write the evaluation tables with their intervals, the recall chart and the per-output
    scores.
    """
    parts = []
    for e in evaluations:
        notes = "".join(f"<p><small>{html.escape(n)}</small></p>" for n in e.notes)
        parts.append(
            f"<h2>{html.escape(e.title)}</h2>{_facts(e)}{notes}{_retrieval_table(e)}<figure>{_recall_chart(e)}</figure>{_output_table(e)}"
        )
    _write(path, "Evaluation of the recommender", "".join(parts))


def write_scatter_page(path: str | os.PathLike, pairs: Pairs) -> None:
    """Write a scatter of each music field against the picture field it goes with best."""
    lead = (
        f"<p>{len(pairs)} scenes of {len(set(pairs.sources))} sources. Each music field against "
        f"the picture field of the strongest rank correlation, out of {len(VIDEO_FIELDS)}: "
        "the strongest of so many looks better than it is.</p>"
    )
    _write(path, "Pictures and their music", f"{lead}<figure>{_scatter_chart(pairs)}</figure>")


def best_partners(pairs: Pairs) -> dict[str, tuple[str, float, int]]:
    """Each music field: the picture field of the strongest rank correlation, that correlation, and
    the scenes behind it.
    """
    from scipy.stats import spearmanr

    found = {}
    for j, music in enumerate(MUSIC_FIELDS):
        best = ("", 0.0, 0)
        for i, video in enumerate(VIDEO_FIELDS):
            both = np.isfinite(pairs.video[:, i]) & np.isfinite(pairs.music[:, j])
            x, y = pairs.video[both, i], pairs.music[both, j]
            if len(x) > 3 and np.ptp(x) > 0 and np.ptp(y) > 0:
                r = float(spearmanr(x, y).statistic)
                best = max(best, (video.name, r, int(both.sum())), key=lambda b: abs(b[1]))
        found[music.name] = best
    return found


def _facts(e: Evaluation) -> str:
    return (
        f"<p>{e.pairs} scenes of {e.sources} sources, {html.escape(e.method)}; "
        f"pools of {e.pool} tracks, {e.draws} draws of scenes. Brackets: 95 % bootstrap interval "
        "over sources. p: share of permutations that do as well. "
        f"Pictures measured by <i>{html.escape(e.video_extractor or 'an unnamed extractor')}</i>, "
        f"music by <i>{html.escape(e.music_extractor or 'an unnamed extractor')}</i>.</p>"
    )


def _retrieval_table(e: Evaluation) -> str:
    head = "".join(f"<th>{m.replace('_', ' ')}</th>" for m in METRICS)
    rows = "".join(
        f"<tr><td>{html.escape(s.name)}</td>{''.join(_cell(s, m) for m in METRICS)}</tr>"
        for s in e.scores
    )
    return f"<table><tr><th>predictor</th>{head}</tr>{rows}</table>"


def _cell(score: Score, metric: str) -> str:
    digits = 1 if metric == "median_rank" else 3
    text = f"{score.metrics[metric]:.{digits}f}"
    if not score.low:
        return f"<td>{text}</td>"
    sure = ' class="sure"' if score.p[metric] < ALPHA else ""
    interval = (
        f"[{score.low[metric]:.{digits}f}, {score.high[metric]:.{digits}f}] p {score.p[metric]:.3f}"
    )
    return f"<td{sure}>{text}<br><small>{interval}</small></td>"


def _output_table(e: Evaluation) -> str:
    scores = [s for s in e.scores if s.outputs]
    head = "".join(f"<th>{html.escape(f.label)}</th>" for f in MUSIC_FIELDS)
    rows = []
    for s in scores:
        cells = (_agreement(s.outputs[f.name]) for f in MUSIC_FIELDS)
        rows.append(
            f"<tr><td>{html.escape(s.name)}</td>{''.join(f'<td>{c}</td>' for c in cells)}</tr>"
        )
    table = f"<table><tr><th>predictor</th>{head}</tr>{''.join(rows)}</table>"
    return f"<h3>Per output: R² <small>CCC, r</small></h3>{table}"


def _agreement(o: dict[str, float]) -> str:
    return (
        "–"
        if not np.isfinite(o["r2"])
        else f"{o['r2']:.3f}<br><small>{o['ccc']:.2f}, {o['r']:.2f}</small>"
    )


def _recall_chart(e: Evaluation) -> str:
    figure, axes = _figure(1, len(RECALLS), 11, 0.9 + 0.27 * len(e.scores))
    names = [s.name for s in e.scores]
    for axis, k in zip(axes, RECALLS, strict=True):
        metric = f"recall@{k}"
        values = [s.metrics[metric] for s in e.scores]
        spans = [
            [v - s.low.get(metric, v), s.high.get(metric, v) - v]
            for v, s in zip(values, e.scores, strict=True)
        ]
        axis.barh(names, values, xerr=np.array(spans).T, color="#8ab", ecolor="#456", height=0.7)
        axis.axvline(e[CHANCE].metrics[metric], color="#c40", lw=1)
        axis.set_title(f"Recall@{k} of {e.pool}", fontsize=9)
        axis.invert_yaxis()
        if axis is not axes[0]:
            axis.set_yticklabels([])
    return _svg(figure)


def _scatter_chart(pairs: Pairs) -> str:
    figure, axes = _figure(2, 5, 13, 5.6)
    for axis, (music, (video, r, count)) in zip(axes, best_partners(pairs).items(), strict=True):
        axis.set_ylabel(music, fontsize=8)
        if not video:
            axis.set_title("not measured", fontsize=8)
            continue
        x, y = pairs.video[:, _at(VIDEO_FIELDS, video)], pairs.music[:, _at(MUSIC_FIELDS, music)]
        axis.scatter(x, y, s=8, alpha=min(1.0, 60 / max(count, 1) + 0.05), color="#246")
        axis.set_xlabel(video, fontsize=8)
        axis.set_title(f"ρ = {r:.2f}, n = {count}", fontsize=8)
    return _svg(figure)


def _at(fields: Sequence[Field], name: str) -> int:
    return next(i for i, f in enumerate(fields) if f.name == name)


def _figure(rows: int, columns: int, width: float, height: float) -> tuple[Any, np.ndarray]:
    """A matplotlib figure and its axes in a row."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = np.ravel(figure.subplots(rows, columns))
    for axis in axes:
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _svg(figure: Any) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg")
    return text.getvalue()[text.getvalue().index("<svg") :]


def _write(path: str | os.PathLike, title: str, body: str) -> None:
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    page = f'<!doctype html><html lang="en">{head}<h1>{title}</h1>{body}</html>'
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
