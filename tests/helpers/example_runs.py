"""Short trainings of the examples, in processes of their own."""

import sys

from programs import ROOT, run

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


def command(example, *overrides, config="first_order"):
    script = EXAMPLES / example / f"{example}.py"
    return [sys.executable, "-W", "ignore", str(script), "--config-name", config, *SMALL, *overrides]


def train(folder, example, *overrides):
    """Train an example in `folder`/run, with the host's own derivatives; return what it printed."""
    return run(command(example, AUTODIFF, *overrides, "hydra.run.dir=run"), folder)
