"""What the numbers of this project come from; each program runs from the root as ``python -m benchmarks.…``."""
