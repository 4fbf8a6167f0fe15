"""Lower expressions one node at a time, and know the tensors and lengths they are made of."""
