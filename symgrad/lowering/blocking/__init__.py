"""Compute a plan by blocks of rows, each with the columns that it needs."""
