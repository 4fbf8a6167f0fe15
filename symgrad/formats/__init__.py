"""Print expressions as text and LaTeX, and convert them to SymPy."""
