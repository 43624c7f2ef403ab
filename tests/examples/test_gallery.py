"""The problems of the gallery: what their references are, and that each trains in a loop and in the Solver."""

import importlib
import sys

import numpy as np
import pytest
from programs import HOST, ROOT, WITHOUT_HOST, run_script
from sympy import Derivative, Function, Symbol, lambdify, simplify
from sympy.core.function import AppliedUndef

FOLDER = ROOT / "examples" / "gallery"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "run")
STORED = sorted(path.stem for path in (FOLDER / "references").glob("*.npz"))
# One of several fields, of an interval, with an unknown number, and of two materials.
IN_THE_SOLVER = ("cavity", "korteweg_de_vries", "reynolds", "wall")
SMALL = ["batch_size.interior=40", "training.max_steps=2", "hydra.run.dir=run"]
SOLUTIONS = {
    "conductivity": {"u": "temperature", "k": "conductivity"},
    "rod": {"T": "solution"},
    "wall": {"T_hot": "solution_hot", "T_cold": "solution_cold"},
    **{name: {"u": "solution"} for name in ("advection", "beam", "heat_scales", "wave")},
    # Theirs is a solution of several fields by name.
    **{name: {} for name in ("heat_inverse", "poisson_inverse")},
}


@pytest.fixture
def problem_of(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module
    for name in [*NAMES, "run"]:
        sys.modules.pop(name, None)


def put(expression, solution):
    """Return an expression with functions in place of fields."""
    fields = {field: solution[field.name] for field in expression.atoms(AppliedUndef)}
    derivatives = {each: fields[each.expr].diff(*each.variables) for each in expression.atoms(Derivative)}
    return expression.subs(derivatives).subs(fields)


@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_solution_in_closed_form_satisfies_all_that_is_asked_for(problem_of, name):
    module = problem_of(name)
    problem = module.problem
    solution = {field: getattr(module, known) for field, known in SOLUTIONS[name].items()} or module.solution
    places = np.random.default_rng(0).uniform(0.1, 0.9, (5, len(problem.coordinates)))

    def largest(expression):
        return np.abs([float(expression.subs(dict(zip(problem.coordinates, place, strict=True)))) for place in places])

    for equation in problem.inside:
        assert largest(put(problem.equations[equation], solution)).max() < 1e-9
    wrong = {field: known * (1 + Symbol("x") ** 2) for field, known in solution.items()}
    assert max(largest(put(problem.equations[each], wrong)).max() for each in problem.inside) > 1e-5
    for edge, held in problem.conditions.items():
        at = problem.shape.parts[edge].at(np.array([0.3, 0.6]))
        for i in range(2):
            there = {Symbol(key): float(value[i]) for key, value in at.items()} | {Symbol("t"): 0.37}
            for quantity, value in held.items():
                assert abs(float((put(problem.expression(quantity), solution) - value).subs(there))) < 1e-9
    for quantity, value in problem.initial.items():
        assert simplify((put(problem.expression(quantity), solution) - value).subs(Symbol("t"), problem.time[0])) == 0
    for inputs, values in module.references():
        for field, known in values.items():
            exact = lambdify([Symbol(each) for each in inputs], solution[field])(*inputs.values())
            np.testing.assert_allclose(known, exact, atol=1e-12)


@pytest.mark.parametrize("name", STORED)
def test_a_stored_solution_lies_in_the_problem_and_meets_what_is_known(problem_of, name):
    module = problem_of(name)
    ((inputs, values),) = module.references()
    shape, problem = module.problem.shape, module.problem
    places = [inputs[str(symbol)] for symbol in shape.coordinates]
    assert (shape.level(*places) > -1e-9).all()
    assert {*values} <= {*problem.fields}
    if problem.time is not None:
        assert inputs["t"].min() == problem.time[0]
        assert inputs["t"].max() == problem.time[1]
        start = inputs["t"] == problem.time[0]
        exact = lambdify(shape.coordinates, problem.initial["u"])(*(place[start] for place in places))
        np.testing.assert_allclose(values["u"][start], exact, atol=1e-8)


def test_the_number_of_a_flow_is_what_it_was_made_of(problem_of):
    module = problem_of("reynolds")
    x, y = Symbol("x"), Symbol("y")
    u, v = module.solution["u"], module.solution["v"]
    assert simplify(u.diff(x) + v.diff(y)) == 0

    def curl_of_momentum(friction):
        along = [
            u * each.diff(x) + v * each.diff(y) - friction * (each.diff(x, 2) + each.diff(y, 2)) for each in (u, v)
        ]
        return abs(float((along[1].diff(x) - along[0].diff(y)).subs({x: 0.3, y: 0.4})))

    assert curl_of_momentum(1 / module.REYNOLDS) < 1e-9 < 1e-2 < curl_of_momentum(0.1)
    assert Function("p")(x, y) in module.problem.fields.values()


@pytest.mark.parametrize("name", [name for name in NAMES if not (HOST and name in IN_THE_SOLVER)])
def test_a_few_steps_in_a_loop(name, tmp_path):
    output = run_script(FOLDER / f"{name}.py", ["--loop", *SMALL], tmp_path, modules=WITHOUT_HOST)
    assert "relative L2 error of" in output
    assert "finished" in output
    assert (tmp_path / "run" / "losses.png").is_file()


@pytest.mark.host
@pytest.mark.parametrize("name", IN_THE_SOLVER)
def test_a_few_steps_in_the_solver(name, tmp_path):
    sizes = ["batch_size.edge=8", "batch_size.initial=8", "arch.fully_connected.layer_size=6"]
    output = run_script(FOLDER / f"{name}.py", [*SMALL, *sizes], tmp_path)
    assert "reached maximum training steps" in output
    assert "relative L2 error of" in output
    assert ("friction = " in output) == (name == "reynolds")
