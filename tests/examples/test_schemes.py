"""Every balancing scheme that the host and this package have trains in an example, by one --multirun."""

import numpy as np
import pytest
from example_runs import SMALL, run_example

from modulus_relobralo.report import compare, find_trainings, read_runs, summarize

pytestmark = pytest.mark.host

SCHEMES = ("sum", "lr_annealing", "grad_norm", "soft_adapt", "relobralo_builtin", "relobralo", "relobralo_grad")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return the runs of all schemes, with Taylor-mode derivatives and with the host's."""
    folder = tmp_path_factory.mktemp("schemes")
    # The host names a run after all its overrides, here too many for a file system.
    place = ["hydra.sweep.dir=runs", "hydra.sweep.subdir=${hydra:job.num}"]
    swept = [f"loss={','.join(SCHEMES)}", "custom.derivatives=taylor,autodiff"]
    run_example(folder, "helmholtz", *SMALL, "training.max_steps=20", *swept, *place, "--multirun")
    read, failures = read_runs(find_trainings(folder / "runs"))
    assert not failures
    return read


def test_all_are_compared(runs):
    comparisons = compare(runs)
    settings = {comparison.settings for comparison in comparisons}
    assert settings == {"derivatives taylor", "derivatives autodiff"}
    for comparison in comparisons:
        rows = summarize(comparison).to_dict("records")
        assert {row["loss"] for row in rows} == set(SCHEMES)
        assert {row["at step"] for row in rows} == {"20"}
        assert not comparison.uncounted


def test_each_is_a_scheme_of_its_own_and_needs_no_autodiff(runs):
    # LR annealing and GradNorm differentiate the gradients: their losses are right only if that is.
    losses = {
        (run.scheme, run.config["custom"]["derivatives"]): np.concatenate(
            [entry.values for entry in run.losses.values()]
        )
        for run in runs
    }
    for scheme in SCHEMES:
        np.testing.assert_allclose(losses[scheme, "taylor"], losses[scheme, "autodiff"], rtol=5e-6)
    for number, scheme in enumerate(SCHEMES):
        for other in SCHEMES[:number]:
            difference = np.abs(losses[scheme, "taylor"] / losses[other, "taylor"] - 1).max()
            assert difference > 2e-5, (scheme, other)
