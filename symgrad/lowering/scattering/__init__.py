"""Put products and terms to their places in an array."""
