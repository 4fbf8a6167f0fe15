"""Define array expressions: their nodes, and how nodes are walked and combined."""
