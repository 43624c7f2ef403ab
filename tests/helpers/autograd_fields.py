"""Values of SymPy equations whose fields are torch functions, by nested autograd: without a host or our rules."""

import torch
from sympy import Derivative, Dummy, lambdify
from sympy.core.function import AppliedUndef

FUNCTIONS = {name: getattr(torch, name) for name in ("sin", "cos", "exp", "sqrt", "tanh")}


def points(a, b, n=64, lower=(0.0, 0.0), seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 1, generator=generator, dtype=torch.float64) * a + lower[0]
    y = torch.rand(n, 1, generator=generator, dtype=torch.float64) * b + lower[1]
    return x.requires_grad_(), y.requires_grad_()


def derivative(value, names, x, y):
    """Differentiate by the coordinates that `names` lists, one after the other: "xxy" for w,xxy."""
    for name in names:
        along = {"x": x, "y": y}[name]
        grad = None
        if value.requires_grad:
            (grad,) = torch.autograd.grad(value.sum(), along, create_graph=True, allow_unused=True)
        value = torch.zeros_like(along) if grad is None else grad
    return value


def evaluate(equation, fields, x, y, **given):
    """Return an equation's values at points; `given` are those of further symbols."""
    known = {}
    for part in equation.atoms(Derivative, AppliedUndef):
        names = "".join(str(symbol) for symbol in part.variables) if isinstance(part, Derivative) else ""
        function = part.expr if names else part
        known[part] = Dummy(), derivative(fields[function.name](x, y), names, x, y)
    plain = equation.xreplace({part: dummy for part, (dummy, _) in known.items()})
    symbols = dict(known.values())
    values = {"x": x, "y": y, **given}
    symbols.update({symbol: values[symbol.name] for symbol in plain.free_symbols - set(symbols)})
    return lambdify(list(symbols), plain, modules=[FUNCTIONS])(*symbols.values())
