"""Write layers as modules that need NumPy and Numba: elementwise chains in fused loops."""
