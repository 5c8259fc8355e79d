"""High dynamic range and wide colours to what the same picture is in BT.709.

Statistics of colour and light are those of ordinary video; a picture in HLG or PQ with BT.2020
primaries, read as if it were one, looks grey and dark. The conversion: transfer to light (ITU-R
BT.2100), in units of reference white (203 cd/m², BT.2408), primaries to BT.709 (BT.2087), what lies
outside cut off, and back to 8-bit code values by a gamma of 2.4 (BT.1886).

HLG carries light of the scene. Its system gamma is taken per channel, as that of an SDR chain is
(camera by BT.709, display by BT.1886): then a scene has the saturation that an SDR camera gives it
(the scene-referred conversion of BT.2408), not the lower one of BT.2100's display on luminance.
"""

from __future__ import annotations

from functools import cache

import numpy as np

WHITE = 203.0
"""Reference white of HDR in cd/m² (ITU-R BT.2408)."""
_PEAK = 1000.0
"""Peak of the display that HLG is shown on, cd/m² (BT.2100)."""
_HLG_GAMMA = 1.2
"""System gamma of HLG at that peak (BT.2100)."""
_GAMMA = 2.4
_PQ, _HLG = 16, 18
_BT2020, _P3 = 9, 12
"""Codes of ITU-T H.273, as files carry them."""

_TO_BT709 = {
    _BT2020: np.array(
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
        dtype=np.float32,
    ),
    _P3: np.array(
        [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]],
        dtype=np.float32,
    ),
}
"""Linear RGB of these primaries to BT.709, all with white D65 (BT.2087; SMPTE EG 432-1)."""
_STEPS = 4096


def needs_conversion(transfer: int, primaries: int) -> bool:
    """Whether pictures with these H.273 codes are not BT.709 as they are."""
    return transfer in (_PQ, _HLG) or primaries in _TO_BT709


def to_bt709(picture: np.ndarray, transfer: int, primaries: int) -> np.ndarray:
    """BGR uint8 (h, w, 3) of an RGB uint16 picture (full range) with these H.273 codes."""
    light = _to_light(transfer)[picture]
    wide = _BT2020 if transfer in (_PQ, _HLG) and primaries not in _TO_BT709 else primaries
    light = np.clip(light @ _TO_BT709[wide].T, 0.0, 1.0)
    steps = (np.sqrt(light) * (_STEPS - 1) + 0.5).astype(np.uint16)
    return np.ascontiguousarray(_to_code()[steps][..., ::-1])


@cache
def _to_light(transfer: int) -> np.ndarray:
    """Light of each 16-bit code value in units of reference white, float32 (65536,)."""
    code = np.arange(1 << 16) / ((1 << 16) - 1)
    if transfer == _PQ:
        light = _pq(code) / WHITE
    elif transfer == _HLG:
        light = _PEAK / WHITE * _hlg(code) ** _HLG_GAMMA
    else:
        light = code**_GAMMA
    return light.astype(np.float32)


def _pq(code: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084 EOTF: code values 0–1 to cd/m²."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = code ** (1 / m2)
    return 10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)


def _hlg(code: np.ndarray) -> np.ndarray:
    """Inverse OETF of HLG: code values 0–1 to scene light 0–1 (BT.2100)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)


@cache
def _to_code() -> np.ndarray:
    """8-bit code value of each step of the square root of light, uint8."""
    light = (np.arange(_STEPS) / (_STEPS - 1)) ** 2
    return (255 * light ** (1 / _GAMMA) + 0.5).astype(np.uint8)
