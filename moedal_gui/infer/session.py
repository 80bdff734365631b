"""Opening ONNX files: quiet, on the processor, refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from moedal_gui.core.errors import ExpertError

_QUIET = 3  # onnxruntime's warnings speak of graphs, which tells a user nothing


def open_session(path: Path, refusal: str, threads: int = 0) -> Any:
    """An onnxruntime session on a file.

    Parameters
    ----------
    refusal
        What is said of a file that is no network.
    threads
        Cores one call may use; 0 for all.

    Raises
    ------
    ExpertError
        The file is no network.
    """
    # Imported here: the words of a task are read without it.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = _QUIET
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except _refusals() as error:
        raise ExpertError(refusal, path, "take it from an undamaged copy") from error


def _refusals() -> tuple[type[Exception], ...]:
    """What onnxruntime raises for a file that is no network; its classes have no common root of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as states

    own = [kind for kind in vars(states).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    return (OSError, ValueError, RuntimeError, *own)
