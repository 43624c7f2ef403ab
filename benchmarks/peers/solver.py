"""The example of this project, examples/kirchhoff, through the host's Solver, on the clock.

    python -m benchmarks.peers.solver --record FILE --limit SECONDS OVERRIDE...

The overrides are Hydra's, of the config `article`. Compiled rules, TorchScript and the host's records are not timed.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks.peers.clock import Clock, arguments
from modulus_relobralo.hosts import sym
from modulus_relobralo.taylor import kernels

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "kirchhoff" / "kirchhoff.py"
PACKAGES = ("torch", "numpy", "nvidia-modulus-sym", "modulus-relobralo")
# TorchScript has done its work by then.
WARMUP = 3


def main() -> None:
    args, overrides = arguments(__doc__).parse_known_args()
    clock = Clock(args, PACKAGES)

    class ClockedSolver(sym.Solver):
        """The host's, which asks the clock before every step, and in every evaluation of the loss by L-BFGS."""

        def solve(self) -> None:
            super().solve(sigterm_handler=self.is_over)
            clock.look(self.taken, self.predict, at_once=True)
            clock.finish("end of training")
            super().save_checkpoint(self.initial_step + self.taken)
            # What the example does after it needs the host's records.
            sys.exit()

        def is_over(self) -> bool:
            if not clock.running:
                self.warm_up()
                self.taken = -1
                clock.start()
            self.taken += 1
            return clock.look(self.taken, self.predict)

        def warm_up(self) -> None:
            if "natural_gradient" in self.cfg.optimizer._params_.compute_gradients:
                return  # runs uncompiled
            kernels.EAGER_CALLS = 0
            for _ in range(WARMUP):
                self.load_data()
                self.global_optimizer_model.zero_grad(set_to_none=True)
                sum(self.compute_losses(0).values()).backward()

        def bfgs_closure_func(self) -> torch.Tensor:
            if self.is_over():
                raise _Over
            return super().bfgs_closure_func()

        def bfgs_apply_gradients(self) -> None:
            try:
                super().bfgs_apply_gradients()
            except _Over:
                self.log.info("stopped by the clock")

        def predict(self, points: np.ndarray) -> np.ndarray:
            (network,) = self.global_optimizer_model
            kind = next(network.parameters())
            x, y = torch.as_tensor(points).to(kind).split(1, dim=1)
            with torch.no_grad():
                return network({"x": x, "y": y})["w"].cpu().numpy()

        # The host's records would be on the clock.
        def save_checkpoint(self, step: int) -> None: ...

        def _record_constraints(self) -> None: ...

        def _record_validators(self, step: int) -> None: ...

        def _record_monitors(self, step: int) -> None: ...

    # What the example takes from there.
    vars(sym)["Solver"] = ClockedSolver
    sys.argv = [str(EXAMPLE), "--config-name", "article", f"custom.seed={args.seed}", *overrides]
    runpy.run_path(str(EXAMPLE), run_name="__main__")


class _Over(Exception):
    """L-BFGS has no other way out of its one step."""


if __name__ == "__main__":
    main()
