"""Deflections of the plates of examples/plates that no network found, and the moments and reactions that follow.

Closed forms, series and a Ritz solution after Timoshenko and Woinowsky-Krieger, Theory of Plates and Shells, 2nd
edition, 1959, and finite elements where there are none. They know nothing of the package's equations: moments and
effective shears are coded here from their definitions. tests/benchmarks/test_references.py holds them against the
formulas and tables of the book.
"""
