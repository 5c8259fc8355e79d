"""SigLIP base (Zhai et al., ICCV 2023) as ONNX: 768 numbers of a picture, or of words about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.errors import InputError
from features.video.eyes import squares, unit

SIDE, LONGEST, PAD = 224, 64, 1
"""Of the square, and of texts in tokens, filled up with this one."""
MEAN = SPREAD = (0.5, 0.5, 0.5)
VECTOR = "pooler_output"
"""What the files call the vector."""


class SigLip:
    """pictures, words : ONNX files. tokens : `tokenizer.json`.

    Raises `InputError` where a library is missing, or a file is another network.
    """

    def __init__(self, pictures: Path, words: Path, tokens: Path) -> None:
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise InputError("eyes.no_library", name="tokenizers") from None
        self._seeing, self._reading = _session(pictures), _session(words)
        self._tokenizer = Tokenizer.from_file(str(tokens))
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.enable_padding(length=LONGEST, pad_id=PAD)
        self.size = int(self._outputs(self._seeing)[VECTOR].shape[-1])

    @staticmethod
    def _outputs(session: Any) -> dict[str, Any]:
        return {one.name: one for one in session.get_outputs()}

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        return self._run(self._seeing, squares(pictures, SIDE, MEAN, SPREAD))

    def read(self, texts: Sequence[str]) -> np.ndarray:
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        return self._run(self._reading, np.array(ids, np.int64))

    def _run(self, session: Any, given: np.ndarray) -> np.ndarray:
        (name,) = (one.name for one in session.get_inputs())
        return unit(session.run([VECTOR], {name: given})[0])


def _session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise InputError("eyes.no_library", name="onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # parallel over films, not here
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime has a dozen kinds of its own, made in C++
        raise InputError("eyes.unreadable", file=path, why=str(error)[:160]) from None
    if VECTOR not in {one.name for one in session.get_outputs()} or len(session.get_inputs()) != 1:
        raise InputError("eyes.other_weights", file=path)
    return session


load = SigLip
