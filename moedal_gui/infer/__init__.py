"""Crops in, scores out; onnxruntime lives here and nowhere else."""
