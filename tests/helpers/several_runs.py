"""Runs over several seeds whose errors are known."""

from written_runs import write_run

from modulus_relobralo.report import compare, find_trainings, read_runs

SUM = (0.1, 0.5, 0.4, 0.3, 0.2)
OURS = (0.05, 0.01, 0.03, 0.02)


def write_seeds(folder, scheme, errors, **changes):
    """Write a run for each of the last errors, with seeds from 0; the errors are 1, 2 e, e at the steps 0, 10, 20."""
    for seed, error in enumerate(errors):
        write_run(folder / f"{scheme}-{seed}", scheme, seed=seed, errors=(1.0, 2 * error, error), **changes)


def runs_in(folder):
    runs, failures = read_runs(find_trainings(folder))
    assert not failures
    return runs


def only(folder):
    """Return the one comparison of the runs in `folder`."""
    (comparison,) = compare(runs_in(folder))
    return comparison
