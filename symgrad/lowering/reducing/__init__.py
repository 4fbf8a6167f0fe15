"""Lower products and reductions: by idiom first, then the general way."""
