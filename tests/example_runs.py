"""Short trainings of the examples, in processes of their own."""

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
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
LIMIT = 120


def command(example, *overrides):
    script = EXAMPLES / example / f"{example}.py"
    return [sys.executable, "-W", "ignore", str(script), *SMALL, *overrides]


def train(folder, example, *overrides):
    result = subprocess.run(
        command(example, *overrides, "hydra.run.dir=run"), cwd=folder, capture_output=True, text=True, timeout=LIMIT
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout
