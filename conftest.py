"""Doctests of what needs a host are left out where there is none, as tests/conftest.py leaves out its tests."""

import os

# Two workers of two threads each wait for each other; children have it too. Before NumPy and PyTorch are imported.
os.environ["OMP_NUM_THREADS"] = "1"

from programs import HOST, LOOPS

collect_ignore_glob = [] if HOST else ["modulus_relobralo/hosts/sym/*.py"]
collect_ignore_glob += [] if LOOPS else ["modulus_relobralo/hosts/physicsnemo/*.py"]
