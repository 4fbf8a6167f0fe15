"""Count what a plan costs, in the lengths of its axes."""
