"""A network in whole numbers of eight bits: a third of the time, a quarter of the file, nearly the same answers.

Weights keep seven bits, so that sums stay exact on processors whose products of eight would overflow (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from moedal_gui.core.errors import TrainingError

Float32 = npt.NDArray[np.float32]

_MARK = "QuantizeLinear"


def in_whole_numbers(path: Path) -> bool:
    """Whether the network of a file computes in whole numbers."""
    return any(node.op_type == _MARK for node in onnx.load(str(path)).graph.node)


def write_whole_numbers(
    source: Path, target: Path, inputs: Sequence[Mapping[str, Float32]], operations: Sequence[str] | None = None
) -> None:
    """Write a network again in whole numbers; how large its values become is read off some inputs.

    Parameters
    ----------
    source
        ONNX file in floating point.
    target
        The file to write.
    inputs
        What the network is shown, each by the name of the input.
    operations
        Only these kinds of operations; None for all that can be.

    Raises
    ------
    TrainingError
        It cannot be written so.
    """
    root = logging.getLogger()
    level = root.level
    try:
        # It speaks to the root logger, of graphs, which tells a user nothing.
        root.setLevel(logging.ERROR)
        with TemporaryDirectory(prefix="moedal-gui-") as folder:
            ready = Path(folder) / "ready.onnx"
            quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
            quantize_static(
                str(ready), str(target), _Shown(inputs), quant_format=QuantFormat.QDQ, per_channel=True, reduce_range=True,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                op_types_to_quantize=None if operations is None else list(operations),
            )  # fmt: skip
        onnx.checker.check_model(str(target))
    except (onnx.checker.ValidationError, RuntimeError, ValueError, OSError) as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TrainingError("The network cannot be written in whole numbers", target, what) from error
    finally:
        root.setLevel(level)


class _Shown(CalibrationDataReader):  # type: ignore[misc]
    """Hands out the inputs, one after the other."""

    def __init__(self, inputs: Sequence[Mapping[str, Float32]]) -> None:
        self._left: Iterator[Mapping[str, Float32]] = iter(inputs)

    def get_next(self) -> Mapping[str, Float32] | None:
        """The next one; None at the end."""
        return next(self._left, None)
