"""Stands for an example: writes what the launcher reads, and trains nothing."""

import itertools
import sys
from pathlib import Path


def main():
    given = dict(part.split("=", 1) for part in sys.argv[1:] if "=" in part)
    if given["loss"] == "no_such_scheme":
        sys.exit("Could not find 'loss/no_such_scheme'")
    for loss, seed in itertools.product(given.pop("loss").split(","), given.pop("custom.seed").split(",")):
        folder = Path(given["hydra.sweep.dir"], loss, f"seed-{seed}")
        (folder / ".hydra").mkdir(parents=True, exist_ok=True)
        values = {"loss": loss, "custom.seed": seed, **given}
        kept = [f"- {name}={value}" for name, value in values.items() if not name.startswith("hydra")]
        (folder / ".hydra" / "overrides.yaml").write_text("\n".join(kept))
        (folder / ".hydra" / "hydra.yaml").write_text("modulus.sym")
        steps = int(given["training.max_steps"])
        with (folder / "helmholtz.log").open("a") as log:
            print(f"[step: {steps:10d}] reached maximum training steps, finished training!", file=log)


if __name__ == "__main__":
    main()
