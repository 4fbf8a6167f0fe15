"""Multiply arrays and sum over shared axes, in the cheapest order and operation."""
