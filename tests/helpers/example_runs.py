"""Short trainings of the examples, in processes of their own."""

from programs import ROOT, run_script

EXAMPLES = ROOT / "examples"
SMALL = [
    "arch.fully_connected.layer_size=8",
    "batch_size.interior=32",
    "custom.batches=2",
    "custom.grid=10",
    "training.summary_freq=5",
    "training.rec_monitor_freq=5",
    "training.rec_validation_freq=5",
    "training.save_network_freq=5",
    "training.print_stats_freq=5",
]
TERMS = {"helmholtz": ["helmholtz", "u"], "kirchhoff": ["kirchhoff", "w", "M_n"]}
FIELD = {"helmholtz": "u", "kirchhoff": "w"}
# The host's own derivatives, which need no compiler: for tests that are not about ours.
AUTODIFF = "custom.derivatives=autodiff"


def run_example(folder, example, *overrides, config="first_order", **options):
    """Run an example in a folder; return what it printed."""
    return run_script(EXAMPLES / example / f"{example}.py", ["--config-name", config, *overrides], folder, **options)


def train(folder, example, *overrides):
    """Train an example in `folder`/run, with the host's own derivatives; return what it printed."""
    return run_example(folder, example, *SMALL, AUTODIFF, *overrides, "hydra.run.dir=run")
