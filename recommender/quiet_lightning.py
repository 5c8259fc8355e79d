"""Lightning as a guest: it trains, and leaves threads, logs, warnings and signals of the process
as they were.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import warnings
from collections.abc import Iterator

import pytorch_lightning as lightning
import torch
from pytorch_lightning.callbacks import Callback

from data.errors import Progress

LOGGERS = ("pytorch_lightning", "lightning_fabric", "lightning.pytorch", "lightning.fabric")


@contextlib.contextmanager
def quiet_lightning() -> Iterator[None]:
    """Run a `Trainer` inside: without banners and advice, on one thread, and with a Ctrl-C that
    stays a `KeyboardInterrupt`.
    """
    with _one_thread(), _silence(), _own_signals():
        yield


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Small matrices are slower on several threads, and far slower on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", module=r"(pytorch_lightning|lightning|torch\.utils).*"
            )
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Undo what Lightning does to signals.

    Ctrl-C it turns into an exit, and ignores the signal from then on. For SIGPROF it puts back "the
    handler from before", which is the default one, termination, where a native library has one of
    its own that Python does not know of: mediapipe runs a profiling timer that way.
    """
    main = threading.current_thread() is threading.main_thread()
    interrupt = signal.getsignal(signal.SIGINT)
    if main and hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
    try:
        yield
    except SystemExit as stop:
        raise KeyboardInterrupt from stop
    finally:
        if main:
            signal.signal(signal.SIGINT, interrupt)


class Told(Callback):  # type: ignore[misc]
    """Tells of the epoch that begins."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, _: lightning.LightningModule
    ) -> None:
        self.progress("epochs", trainer.current_epoch, trainer.max_epochs)
