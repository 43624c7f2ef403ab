"""The two kinds of a module that all else must treat alike: as it is, and scripted as the host's trainer does it."""

import warnings

import torch


def eager(module):
    return module


def scripted(module):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit.script.* is deprecated")
        return torch.jit.script(module)
