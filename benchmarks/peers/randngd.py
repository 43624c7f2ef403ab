"""The plate by natural gradients of randngd (arXiv:2505.11638).

    python -m benchmarks.peers.randngd nystrom --record FILE --limit SECONDS

`nystrom` is the solver that its documentation begins with, `full` its direct one; both with its default damping and
its Armijo line search, in float64.
"""

from __future__ import annotations

from functools import partial

import randngd  # switches JAX to float64, and so comes first

from benchmarks.peers import jax_plate
from benchmarks.peers.clock import Clock, arguments

NETWORK = {"layers": 2, "width": 32}
RANK = 500


def main() -> None:
    args = arguments(__doc__, ["nystrom", "full"]).parse_args()
    clock = Clock(args, ("randngd", *jax_plate.PACKAGES))
    params = jax_plate.start(args.seed, **NETWORK)
    terms = jax_plate.terms(args.seed)
    if args.optimizer == "full":
        metric = randngd.metrics.gauss_newton(terms, params, representation="full")
        preconditioner = randngd.NGDFull(metric, key=args.seed)
    else:
        metric = randngd.metrics.gauss_newton(terms, params)
        preconditioner = randngd.NystromNGD(metric, kind="gaussian", ell_max=RANK, key=args.seed)
    jax_plate.minimise(randngd.ngd_solver(preconditioner), partial(jax_plate.loss, terms=terms), params, clock)


if __name__ == "__main__":
    main()
