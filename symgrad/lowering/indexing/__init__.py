"""Lower what a formula reads: subscripts, views, gathers, padding, and what is checked of them."""
