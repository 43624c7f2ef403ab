"""The tables and figures of the documents, from benchmarks/results/."""
