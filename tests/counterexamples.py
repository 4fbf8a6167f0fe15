"""Keep the formulas that random search found to come out wrong, shortened by hand, newest last."""

COUNTEREXAMPLES: tuple[str, ...] = ()
