"""Taylor-mode derivatives of the host's networks: exact, and several times faster than nested autodiff."""
