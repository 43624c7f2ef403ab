"""What the protocols share: problems, balancing schemes and seeds."""

PROBLEMS = ("helmholtz", "kirchhoff")

HEADLINE = ("sum", "relobralo")
# Beside them on as many seeds, in every setting.
GRADIENTS = "relobralo_grad"
RIVALS = ("lr_annealing", "grad_norm", "soft_adapt", "relobralo_builtin")
# What GRADIENTS is held against in the other protocols, with the host's ReLoBRaLo; on few seeds, as one takes long.
GRADIENT_RIVALS = ("lr_annealing", "soft_adapt")

SEEDS = range(5)
FEW_SEEDS = range(3)
HEADLINE_SEEDS = range(10)
# The comparison must not see what the parameters were tuned on.
TUNING_SEEDS = (100, 101)
# To see on a laptop in minutes that everything works; its numbers mean nothing.
QUICK_STEPS = 400
QUICK_SEEDS = range(2)
