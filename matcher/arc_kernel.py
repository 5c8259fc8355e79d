"""The inner loop of the arc, compiled by numba; `matcher.arc` has the formulas."""

from __future__ import annotations

import numpy as np

from data.compiled import njit


@njit(nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def correlate(
    picture: np.ndarray,
    taper: np.ndarray,
    least: float,
    loudness: np.ndarray,
    starts: np.ndarray,
    r: np.ndarray,
    z: np.ndarray,
) -> None:
    """r (n,) and z (n, 3) of windows of `loudness` (T,) float32 that begin at `starts` (n,).

    picture : (3, W) standardised curves. taper : (3, K), see `PictureCurves.taper`.
    """
    seconds, lags = picture.shape[1], taper.shape[1]
    x = np.empty(seconds)
    for i in range(starts.size):
        mean = 0.0
        for t in range(seconds):
            x[t] = loudness[starts[i] + t]
            mean += x[t]
        mean /= seconds
        power = 0.0
        for t in range(seconds):
            x[t] -= mean
            power += x[t] * x[t]
        sd = np.sqrt(power / seconds)
        if sd < 1e-6:  # a level passage goes with nothing
            r[i] = 0.0
            z[i, :] = 0.0
            continue
        v0, v1, v2 = 0.0, 0.0, 0.0
        for k in range(lags):
            product = 0.0
            for t in range(seconds - k):
                product += x[t] * x[t + k]
            rho = product / (power / seconds * (seconds - k))
            v0 += taper[0, k] * rho
            v1 += taper[1, k] * rho
            v2 += taper[2, k] * rho
        r0, r1, r2 = 0.0, 0.0, 0.0
        for t in range(seconds):
            r0 += picture[0, t] * x[t]
            r1 += picture[1, t] * x[t]
            r2 += picture[2, t] * x[t]
        scale = sd * seconds
        z[i, 0] = r0 / scale / np.sqrt(max(v0, least) / (seconds - 1))
        z[i, 1] = r1 / scale / np.sqrt(max(v1, least) / (seconds - 1))
        z[i, 2] = r2 / scale / np.sqrt(max(v2, least) / (seconds - 1))
        r[i] = r2 / scale
