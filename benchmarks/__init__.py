"""Measure generated layers beside hand-written NumPy, PyTorch, JAX and the machine's limits.

`python -m benchmarks --help` shows how. No module imports NumPy before the number of
threads is set.
"""
