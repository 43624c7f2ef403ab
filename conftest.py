"""Doctests of what needs a host are left out where there is none, as tests/conftest.py leaves out its tests."""

from programs import HOST, LOOPS

collect_ignore_glob = [] if HOST else ["modulus_relobralo/hosts/sym/*.py"]
collect_ignore_glob += [] if LOOPS else ["modulus_relobralo/hosts/physicsnemo/*.py"]
