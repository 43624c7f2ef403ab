"""Shapes in the plane, bounded by edges that have names."""
