"""One family of signals per file: frames in, columns of the Timeline out.

`SIGNALS` is all there is, in the order in which they are fed and in which their columns stand.
"""

from features.video.signals.colour import ColourSignal
from features.video.signals.contract import Signal
from features.video.signals.cuts import CutSignal
from features.video.signals.embedding import EmbeddingSignal
from features.video.signals.faces import FaceSignal
from features.video.signals.keyframes import KeyframeSignal
from features.video.signals.motion import MotionSignal

SIGNALS: tuple[type[Signal], ...] = (
    CutSignal,
    KeyframeSignal,
    MotionSignal,
    ColourSignal,
    FaceSignal,
    EmbeddingSignal,
)

COLUMNS = tuple(name for signal in SIGNALS for name in signal.columns)
"""Names of the Timeline's columns, in order."""
