"""What the benchmark of the catalogue is made of."""
