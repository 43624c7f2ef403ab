"""Derivatives by nested reverse mode, one order after the other: slow, and independent of the Taylor mode.

And how far others are from them.
"""

import itertools

import torch


def all_derivatives(inputs, outputs, order=4):
    return [
        "__".join((output, *by))
        for output in outputs
        for n in range(1, order + 1)
        for by in itertools.combinations_with_replacement(inputs, n)
    ]


def differentiated(values, points, names):
    """Return the named derivatives of `values`, outputs by name, by the points that they were computed at."""
    known = dict(values)

    def derivative(name):
        if name not in known:
            lower, _, by = name.rpartition("__")
            value = derivative(lower)
            (known[name],) = torch.autograd.grad(value.sum(), points[by], create_graph=True, materialize_grads=True)
        return known[name]

    return {name: derivative(name) for name in names}


def scale(values, name):
    """Return a derivative's norm; for one that (nearly) cancels a hundredth of the largest of the same order."""
    norms = {n: float(v.detach().norm()) for n, v in values.items() if n.count("__") == name.count("__")}
    return max(norms[name], 1e-2 * max(norms.values()), 1e-12)


def gradients(parameters, values):
    """Return the parameter gradients of a loss in which every value counts alike, as one vector."""
    loss = sum((value / scale(values, name)).sin().sum() for name, value in values.items())
    found = torch.autograd.grad(loss, list(parameters), materialize_grads=True)
    return torch.cat([gradient.flatten() for gradient in found])


def worst(found, expected):
    """Return the largest relative error of any derivative, over all points."""
    assert found.keys() == expected.keys()
    return max(float((found[n] - expected[n]).detach().norm()) / scale(expected, n) for n in expected)
