"""What the benchmarks of dispatch share: an installation, the load upon it, and the yardstick beside it."""
