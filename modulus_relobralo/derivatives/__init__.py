"""Derivatives of networks by Taylor-mode differentiation."""
