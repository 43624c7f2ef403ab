"""Looks at figures for the tests."""

import numpy as np
from matplotlib.image import imread


def has_colour(path):
    """Whether anything was drawn: empty axes are black, white and grey."""
    return np.mean(np.ptp(imread(path)[..., :3], axis=-1) > 0.3) > 1e-3
