"""The plate by the self-scaled Broyden method of ssbroyden-optimistix (arXiv:2603.10599).

    python -m benchmarks.peers.ssbroyden --record FILE --limit SECONDS

With the tolerances and the line search of its example of a physics-informed network, in float64.
"""

from __future__ import annotations

from functools import partial

import ssbroyden_optimistix  # switches JAX to float64, and so comes first

from benchmarks.peers import jax_plate
from benchmarks.peers.clock import Clock, arguments

NETWORK = {"layers": 2, "width": 32}


def main() -> None:
    args = arguments(__doc__).parse_args()
    clock = Clock(args, ("ssbroyden-optimistix", *jax_plate.PACKAGES))
    search = ssbroyden_optimistix.Zoom(initial_guess_strategy="increase")
    solver = ssbroyden_optimistix.SSBroyden(rtol=1e-12, atol=1e-12, search=search)
    terms = jax_plate.terms(args.seed)
    jax_plate.minimise(solver, partial(jax_plate.loss, terms=terms), jax_plate.start(args.seed, **NETWORK), clock)


if __name__ == "__main__":
    main()
