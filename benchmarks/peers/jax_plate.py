"""The plate in JAX, for the codes that minimise in it: residuals, loss, and the loop on the clock.

In coordinates X, Y in [-1, 1] and with u = w / STRIP: lap lap u = pi^4 / 16 cos(pi X / 2) cos(pi Y / 2), and u = 0,
u_nn + nu u_tt = 0 on the edges. Points are drawn once. A fourth derivative is one pass of Taylor mode, JAX's `jet`:
less than nested Hessians cost, which both codes have in their examples.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import random
from jax.experimental.jet import jet

from benchmarks.peers.clock import Clock
from benchmarks.peers.plate import EDGE, INTERIOR, NU, SIDE, STRIP

PACKAGES = ("jax", "jaxlib", "equinox", "optimistix", "numpy")
Parameters = list[tuple[jax.Array, jax.Array]]
DIRECTIONS = jnp.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]])
# lap lap u by fourth derivatives along them: u_xxyy is a twelfth of the sum of the last two less twice the first two.
BIHARMONIC = jnp.array([2 / 3, 2 / 3, 1 / 6, 1 / 6])


def start(seed: int, layers: int, width: int) -> Parameters:
    """Return the parameters of a network of tanh: Glorot normal, biases 0."""
    sizes = [2, *[width] * layers, 1]
    keys = random.split(random.PRNGKey(seed), len(sizes) - 1)
    return [
        (random.normal(key, (n, m)) * jnp.sqrt(2 / (m + n)), jnp.zeros(n))
        for key, m, n in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]


def network(params: Parameters, x: jax.Array) -> jax.Array:
    """Return u at one point."""
    for weight, bias in params[:-1]:
        x = jnp.tanh(weight @ x + bias)
    weight, bias = params[-1]
    return (weight @ x + bias)[0]


def along(params: Parameters, x: jax.Array, direction: jax.Array, order: int) -> jax.Array:
    """Return the derivative of u of that order along a direction."""
    series = [1.0] + [0.0] * (order - 1)
    _, derivatives = jet(lambda t: network(params, x + t * direction), (0.0,), (series,))
    return derivatives[-1]


def equilibrium(params: Parameters, x: jax.Array) -> jax.Array:
    fourth = jax.vmap(lambda direction: along(params, x, direction, 4))(DIRECTIONS)
    return BIHARMONIC @ fourth - jnp.pi**4 / 16 * jnp.prod(jnp.cos(jnp.pi / 2 * x))


def deflection(params: Parameters, x: jax.Array) -> jax.Array:
    return network(params, x[:2])


def moment(params: Parameters, x: jax.Array) -> jax.Array:
    """Return u_nn + nu u_tt at a point that brings its normal along: x, y, n_x, n_y."""
    normal = x[2:]
    return along(params, x[:2], normal, 2) + NU * along(params, x[:2], normal[::-1], 2)


def draw(seed: int) -> tuple[jax.Array, jax.Array]:
    """Return points inside [n, 2], and on the edges with their normals [m, 4]."""
    inside, *keys = random.split(random.PRNGKey(seed + 1), 5)
    edges = []
    for key, (axis, side) in zip(keys, [(0, -1.0), (0, 1.0), (1, -1.0), (1, 1.0)], strict=True):
        points = random.uniform(key, (EDGE, 2), minval=-1.0, maxval=1.0).at[:, axis].set(side)
        edges.append(jnp.hstack([points, jnp.broadcast_to(jnp.eye(2)[axis], (EDGE, 2))]))
    return random.uniform(inside, (INTERIOR, 2), minval=-1.0, maxval=1.0), jnp.concatenate(edges)


def terms(seed: int) -> list[tuple[Callable, jax.Array]]:
    """Return the residuals of the loss terms, each with its points."""
    inside, edges = draw(seed)
    return [(equilibrium, inside), (deflection, edges), (moment, edges)]


def loss(params: Parameters, terms: list[tuple[Callable, jax.Array]]) -> jax.Array:
    """Return the sum of the halved means of squares, which is what both codes minimise in their examples."""
    return sum(0.5 * jnp.mean(jax.vmap(residual, (None, 0))(params, points) ** 2) for residual, points in terms)


def predict(params: Parameters, points: np.ndarray) -> np.ndarray:
    """Return the deflection at points in the plate's own coordinates."""
    return STRIP * np.asarray(_values(params, jnp.asarray(points / (SIDE / 2) - 1)))


_values = jax.jit(jax.vmap(network, (None, 0)))


def minimise(solver: Any, function: Callable, params: Parameters, clock: Clock) -> None:
    """Minimise by a minimiser of Optimistix, step by step; compiling is not timed."""

    def objective(y: Parameters, _: None) -> tuple[jax.Array, None]:
        return function(y), None

    options: dict[str, Any] = {}
    state = solver.init(objective, params, None, options, jax.ShapeDtypeStruct((), jnp.float64), None, frozenset())

    @eqx.filter_jit
    def step(params: Parameters, state: Any) -> tuple[Parameters, Any, jax.Array]:
        params, state, _ = solver.step(objective, params, None, options, state, frozenset())
        done, _ = solver.terminate(objective, params, None, options, state, frozenset())
        return params, state, done

    # The types of the second step's inputs can be others than those of the first.
    jax.block_until_ready(step(*step(params, state)[:2])[0])
    predict(params, np.zeros((1, 2)))
    clock.start()
    steps, done = 0, False
    while not clock.look(steps, partial(predict, params)) and not done:
        params, state, done = jax.block_until_ready(step(params, state))
        steps += 1
    clock.look(steps, partial(predict, params), at_once=True)
    clock.finish("end of training")
