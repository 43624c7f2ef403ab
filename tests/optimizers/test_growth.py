import pytest
import torch

from modulus_relobralo.optimizers.growth import STEPS, Growth


def tensors(**values):
    return {name: torch.tensor(float(value)) for name, value in values.items()}


def told(caplog, first, later, steps=STEPS, weights=None, between=()):
    """Return the warnings after a first step and further ones, of which some are as the first."""
    growth, weights = Growth(), tensors(**(weights or dict.fromkeys(first, 1.0)))
    caplog.clear()
    with caplog.at_level("WARNING"):
        growth.note(tensors(**first), weights)
        for step in range(steps):
            growth.note(tensors(**(first if step in between else later)), weights)
    return [record.getMessage() for record in caplog.records]


def test_a_term_that_grows_while_the_loss_falls_is_named_once(caplog):
    first, later = {"pde": 100.0, "walls": 0.01}, {"pde": 1e-6, "walls": 1.1}
    (message,) = told(caplog, first, later, 5 * STEPS)
    assert message.startswith(
        "Loss term `walls` has been more than 100 times its first value for 100 steps, now 1.1 after 0.01, while the "
        "loss has fallen from 100 to 1.1:"
    )
    assert "`loss: relobralo_grad`" in message


@pytest.mark.parametrize(
    ("first", "later", "changed"),
    [
        ({"pde": 100, "walls": 0.01}, {"pde": 1e-6, "walls": 0.9}, {}),  # not by powers of ten
        ({"pde": 1, "walls": 0.01}, {"pde": 1e-6, "walls": 1.1}, {}),  # the loss has not fallen
        ({"pde": 100, "walls": 0.01}, {"pde": 1e-6, "walls": 1.1}, {"weights": {"pde": 0.01, "walls": 1}}),
        ({"pde": 100, "walls": 1e-7}, {"pde": 1e-6, "walls": 1.1}, {}),  # it was nothing
        ({"pde": 100, "walls": 0}, {"pde": 1e-6, "walls": 1.1}, {}),
        ({"pde": 100, "walls": 0.01}, {"pde": 1e-6, "walls": 1.1}, {"steps": STEPS - 1}),
        ({"pde": 100, "walls": 0.01}, {"pde": 1e-6, "walls": 1.1}, {"steps": 2 * STEPS - 1, "between": [STEPS - 1]}),
    ],
    ids=["less", "growing", "weighted", "nothing", "zero", "short", "interrupted"],
)
def test_anything_else_is_not(caplog, first, later, changed):
    assert told(caplog, first, later, **changed) == []
