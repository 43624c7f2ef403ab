"""The comparisons: what is trained, how often, and what a run's row keeps; benchmarks/README.md says why."""
