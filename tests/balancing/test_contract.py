"""What every balancing does alike: loss terms by name, checks and their messages, steps, dtypes, checkpoints."""

import logging
import math
import re

import numpy as np
import pytest
import torch
from kinds import eager, scripted

from modulus_relobralo import ReLoBRaLo, ReLoBRaLoGrad

kinds = pytest.mark.parametrize("kind", [eager, scripted])
NAMES = ("pde", "slope", "walls")
FACTORS = {"pde": 10.0, "slope": 1.0, "walls": 0.5}
# A scripted module turns every error into one that quotes it.
ERRORS = (ValueError, TypeError, RuntimeError)


class Made:
    """A balancing and the parameters behind its loss terms, c a^2 with a parameter each."""

    def __init__(self, new, kind, **options):
        torch.manual_seed(0)
        self.parameters = {name: torch.nn.Parameter(torch.ones((), dtype=torch.float64)) for name in NAMES}
        number, scale = options.pop("number", 3), options.pop("scale", 1.0)
        self.balance = new(list(self.parameters.values()), number, **options)
        self.balance.scale = scale
        self.balance = kind(self.balance)

    def losses(self, step, order=NAMES, dtype=torch.float32):
        """Return the loss terms of a step: each goes its own way."""
        for i, name in enumerate(NAMES):
            self.parameters[name].data.fill_(2.0 - i / 2 + math.sin((i + 1) * step) + 3 * math.exp(-(i + 1) * step))
        return {name: (FACTORS[name] * self.parameters[name] ** 2).to(dtype) for name in order}

    def call(self, step, order=NAMES, dtype=torch.float32):
        return self.balance(self.losses(step, order, dtype), step)

    def drive(self, steps, order=NAMES):
        """Return the weights after each of these steps, by name."""
        history = []
        for step in steps:
            self.call(step, order(step) if callable(order) else order)
            history.append(self.weights())
        return history

    def weights(self):
        return dict(zip(self.balance.names, self.balance.lmbda_ema.tolist(), strict=True))


def relobralo(params, number, **options):
    return ReLoBRaLo(params, number, **{"rho": 0.5, "alpha": 0.5, "temperature": 1.0, **options})


def relobralo_grad(params, number, **options):
    return ReLoBRaLoGrad(params, number, **{"equations": ["pde"], "every": 2, **options})


both = pytest.mark.parametrize("new", [relobralo, relobralo_grad])


@pytest.fixture
def make(new, kind):
    return lambda **options: Made(new, kind, **options)


def buffers(made):
    return {name: buffer.tolist() for name, buffer in made.balance.state_dict().items()}


def turned(step):
    """Return the names in another order at every step."""
    return tuple(np.roll(NAMES, step)) if step % 2 else NAMES[::-1]


# ----- names


@both
@kinds
def test_terms_are_known_by_name_in_whatever_order_they_come(make):
    one, other = make(), make(number=7)  # the losses decide how many they are
    assert other.balance.names == []
    expected = one.drive(range(8))
    assert other.drive(range(8), turned) == expected
    assert other.balance.names == ["pde", "slope", "walls"]
    assert len({tuple(weights.values()) for weights in expected}) > 2
    assert max(expected[-1].values()) > 1.1
    # The total and its gradients too.
    for made, order in ((one, NAMES), (other, NAMES[::-1])):
        made.call(8, order).backward()
    for name in NAMES:
        assert torch.equal(one.parameters[name].grad, other.parameters[name].grad)


@both
@kinds
def test_a_checkpoint_goes_on_by_name(make, tmp_path):
    # Made for another number of terms, as a host does that miscounts them.
    unbroken, first, second = make(), make(), make(number=7)
    expected = unbroken.drive(range(12))
    # Between two looks at the gradients.
    first.drive(range(5), turned)
    torch.save(first.balance.state_dict(), tmp_path / "state.pth")
    second.balance.load_state_dict(torch.load(tmp_path / "state.pth", weights_only=False))
    assert second.drive(range(5, 12), lambda step: NAMES[::-1]) == expected[5:]


def as_losses(**losses):
    return {name: torch.tensor(loss) for name, loss in losses.items()}


def in_order(state, order):
    """Return a state dict as the versions before 0.3 wrote it: by the order of the losses, without static weights."""
    metadata = state._metadata[""]
    places = [metadata["names"].index(name) for name in order]
    for name, buffer in list(state.items()):
        state[name] = buffer[places] if buffer.dim() else buffer
    kept = {key: value for key, value in metadata.items() if key not in ("weights", "scale")}
    state._metadata[""] = {**kept, "names": list(order), "growing": [metadata["growing"][i] for i in places]}
    return state


@both
@kinds
@pytest.mark.parametrize("order", [("walls", "pde", "slope"), NAMES], ids="-".join)
def test_a_checkpoint_of_an_earlier_version_goes_on_by_name(make, order):
    unbroken, first, second = make(), make(), make()
    expected = unbroken.drive(range(12))
    first.drive(range(6))
    second.balance.load_state_dict(in_order(first.balance.state_dict(), order))
    assert second.drive(range(6, 12), order) == expected[6:]


@kinds
def test_what_began_with_zero_is_known_by_name_in_a_checkpoint_of_an_earlier_version(kind):
    first, second = (kind(ReLoBRaLo([], 3)) for _ in range(2))
    for walls in (0.0, 3.0):
        first(as_losses(pde=1.0, slope=2.0, walls=walls))
    second.load_state_dict(in_order(first.state_dict(), ("walls", "pde", "slope")))
    second(as_losses(pde=5.0, slope=5.0, walls=5.0))
    # Only such a term takes what it has grown to as its reference.
    assert second.init_losses.tolist() == [1.0, 2.0, 5.0]


@both
@kinds
@pytest.mark.parametrize("version", [True, False], ids=["of a module", "plain"])
def test_a_checkpoint_without_names_is_guessed_and_the_log_says_so(make, version, caplog):
    """By position as the host's class has it; a plain dictionary is most likely a copy of ours."""
    order = ("walls", "pde", "slope")
    first, second = make(), make()
    first.drive(range(6))
    before = dict(zip(NAMES, first.balance.init_losses.tolist(), strict=True))
    state = in_order(first.balance.state_dict(), order) if version else dict(first.balance.state_dict())
    if version:
        state._metadata[""] = {"version": 1}
    second.balance.load_state_dict(state)
    with caplog.at_level(logging.WARNING):
        second.call(6, order)
    assert dict(zip(second.balance.names, second.balance.init_losses.tolist(), strict=True)) == before
    guess = list(order if version else NAMES)
    assert f"They are taken to be {guess}, in this order. That cannot be checked" in caplog.text


@both
@kinds
def test_a_checkpoint_that_nothing_has_filled_is_no_guess(make, caplog):
    first, second = make(), make()
    second.balance.load_state_dict(dict(first.balance.state_dict()))
    second.call(0)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@both
@kinds
def test_a_checkpoint_from_before_the_first_call_does_not_count_terms(make):
    """The host miscounts those of losses of one's own."""
    first, second = make(number=7), make(number=7)
    second.balance.load_state_dict(first.balance.state_dict())
    assert second.drive(range(4)) == make().drive(range(4))


@kinds
def test_a_name_may_be_empty(kind):
    balance = kind(ReLoBRaLo([], 1))
    assert balance({"": torch.ones(())}, 0) == 1
    assert balance.names == [""]


@both
@kinds
def test_terms_that_change_are_named(make):
    made = make()
    made.drive(range(3))
    before = buffers(made)
    for later in (["pde"], [*NAMES, "more"], ["pde", "slope", "wall"], []):
        with pytest.raises(ERRORS, match=re.escape(f"they were {list(NAMES)} and now are {sorted(later)}")):
            made.balance({name: torch.ones((), requires_grad=True) for name in later}, 3)
    assert buffers(made) == before
    other = make()
    other.balance.load_state_dict(made.balance.state_dict())
    with pytest.raises(ERRORS, match=r"terms \['pde', 'slope', 'walls'\], but there are 2: \['pde', 'walls'\]"):
        other.balance({name: torch.ones(()) for name in ("walls", "pde")}, 3)


# ----- checks


BAD = {
    "shape": (lambda: torch.ones(1), r"Loss term `slope` must be a scalar, of shape \[\]. Found shape \[1\]"),
    "complex": (lambda: torch.ones((), dtype=torch.complex64), "`slope` must be of a real .* Found torch.complex64"),
    "number": (lambda: 1.0, "Loss term `slope` must be a tensor. Found float|Unable to cast|Cast error details"),
}


@both
@kinds
@pytest.mark.parametrize("calls", [0, 1, 5])
@pytest.mark.parametrize(("bad", "message"), BAD.values(), ids=BAD)
def test_bad_terms_are_named_in_every_call(make, calls, bad, message):
    made = make()
    made.drive(range(calls))
    with pytest.raises(ERRORS, match=message):
        made.balance({**made.losses(calls), "slope": bad()}, calls)


@both
@kinds
def test_all_terms_of_one_wrong_kind_are_named_too(make):
    for change in (lambda it: it.reshape(1), lambda it: it.to(torch.complex64), lambda it: it.to(torch.int64)):
        made = make()
        made.drive(range(3))
        with pytest.raises(ERRORS, match="Loss term `pde` must be"):
            made.balance({name: change(loss) for name, loss in made.losses(3).items()}, 3)


@both
@kinds
def test_no_terms_two_devices_and_unknown_names_are_refused(make):
    with pytest.raises(ERRORS, match=r"at least one loss term\. Found an empty dictionary"):
        make().balance({}, 0)
    made = make()
    with pytest.raises(ERRORS, match=r"must lie on one device. Found {'pde': 'cpu', 'slope': 'meta'"):
        made.balance({**made.losses(0), "slope": torch.ones((), device="meta")}, 0)
    with pytest.raises(ERRORS, match=r"`weights` names unknown loss terms \['wall'\]. The loss terms are \['pde'"):
        make(weights={"wall": 2.0}).call(0)


@both
@kinds
@pytest.mark.parametrize("value", [-1e-30, -3.0, -math.inf])
def test_a_first_loss_that_is_negative_is_named(make, value):
    made = make()
    made.balance.inspect()  # nothing has been seen yet
    with pytest.raises(ERRORS, match=rf"must not be negative.* Found `slope` = {value:g}\."):
        made.balance({**made.losses(0), "slope": torch.tensor(value)}, 0)


@both
@kinds
def test_a_later_one_is_named_within_a_hundred_steps_and_whenever_the_state_is_read(make):
    made = make()
    made.drive(range(3))
    made.balance({**made.losses(3), "slope": -made.losses(3)["slope"]}, 3)
    for read in (made.balance.state_dict, made.balance.inspect):
        with pytest.raises(ValueError, match=r"must not be negative.* Found `slope` = -"):
            read()
    with pytest.raises(ERRORS, match=r"must not be negative.* Found `slope` = -"):
        made.drive(range(4, 100))


@both
@kinds
def test_a_term_that_is_negative_moves_no_weight_to_it(make):
    made, other = make(), make()
    made.drive(range(4)), other.drive(range(4))
    made.balance({**made.losses(4), "slope": -1e6 * made.losses(4)["slope"]}, 4)
    assert np.isfinite(list(made.weights().values())).all()
    assert made.balance.init_losses.tolist() == other.balance.init_losses.tolist()


# ----- steps


@both
@kinds
@pytest.mark.parametrize("as_step", [int, torch.tensor, np.int64], ids=["int", "tensor", "NumPy's"])
def test_calls_with_the_step_of_the_call_before_share_its_weights(new, make, kind, as_step):
    if kind is scripted and as_step is np.int64:
        pytest.skip("TorchScript takes no numbers of NumPy's and says so")
    # A tensor step draws in every call: without lookbacks that is not seen.
    options = {"rho": 1.0} if new is relobralo else {"every": 1}
    made, single = make(**options), make(**options)
    for step in range(5):
        single.call(step)
        for repeat in range(3):
            made.balance(made.losses(step + 0.3 * repeat), as_step(step))
        assert made.weights() == single.weights()


@both
@kinds
@pytest.mark.parametrize("step", [1.0, "1", torch.tensor(1.0), torch.tensor([1]), np.float64(1)], ids=repr)
def test_what_is_no_step_is_refused_in_every_call(make, step):
    made = make()
    for calls in range(3):
        with pytest.raises(ERRORS, match=r"`step` must be an integer|argument 'step'|Tracer cannot infer|Cast error"):
            made.balance(made.losses(calls), step)
        made.call(calls)


# ----- dtypes


@both
@kinds
def test_the_widest_dtype_is_balanced_in_and_returned(make):
    made = make()
    for step, dtype in enumerate((torch.float16, torch.float32, torch.float64, torch.float32, torch.bfloat16)):
        total = made.call(step, dtype=dtype)
        widest = torch.float64 if step >= 2 else torch.float32
        assert total.dtype == made.balance.lmbda_ema.dtype == widest
        assert float(total.detach()) == pytest.approx(
            sum(made.weights()[name] * float(loss.detach()) for name, loss in made.losses(step, dtype=dtype).items()),
            rel=1e-6,
        )


# ----- static weights, and what a checkpoint has of them


@both
@kinds
def test_static_weights_are_factors_of_their_terms(make):
    made = make(weights={"walls": 3.0, "pde": 0.5})
    made.drive(range(3))
    made.call(3, NAMES[::-1]).backward()
    for name, factor in (("pde", 0.5), ("slope", 1.0), ("walls", 3.0)):
        a = made.parameters[name]
        expected = made.weights()[name] * factor * 2 * FACTORS[name] * float(a.detach())
        assert float(a.grad) == pytest.approx(expected, rel=1e-5)
    # The weights themselves have no gradient.
    assert not any(buffer.requires_grad for buffer in made.balance.buffers())
    assert list(made.balance.parameters()) == []


CHANGES = {
    "added": ({}, {"weights": {"walls": 10.0, "pde": 0.1}}),
    "removed": ({"weights": {"walls": 10.0}}, {}),
    "changed": ({"weights": {"walls": 10.0, "slope": 0.5}}, {"weights": {"walls": 2.0}}),
    "micro-batches": ({}, {"scale": 0.25}),
    "both": ({"scale": 0.5, "weights": {"pde": 3.0}}, {"scale": 1.0}),
}


@both
@kinds
@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=CHANGES)
def test_saved_losses_are_converted_to_the_units_of_now(make, before, after, caplog):
    """As if it had always been so: weights say how terms progress, and units are no progress."""
    first, second, always = make(**before), make(**after), make(**after)

    def handed_over(made, step):
        return {name: loss * made.balance.scale for name, loss in made.losses(step).items()}

    for step in range(6):
        first.balance(handed_over(first, step), step)
        always.balance(handed_over(always, step), step)
    with caplog.at_level(logging.INFO):
        second.balance.load_state_dict(first.balance.state_dict())
    assert "Static weights or micro-batches changed: the saved losses are multiplied, " in caplog.text
    for step in range(6, 10):
        for made in (second, always):
            made.balance(handed_over(made, step), step)
        assert second.weights() == pytest.approx(always.weights(), rel=1e-5)


@both
@kinds
def test_without_a_change_nothing_is_converted(make, caplog):
    options = {"weights": {"walls": 10.0}, "scale": 0.5}
    first, second = make(**options), make(**options)
    first.drive(range(4))
    with caplog.at_level(logging.INFO):
        second.balance.load_state_dict(first.balance.state_dict())
    assert "changed" not in caplog.text
    assert torch.equal(second.balance.init_losses, first.balance.init_losses)


@both
@kinds
def test_a_checkpoint_that_does_not_say_its_static_weights_is_taken_as_it_is(make, caplog):
    first, second = make(weights={"walls": 10.0}), make(weights={"walls": 2.0})
    first.drive(range(4))
    with caplog.at_level(logging.INFO):
        second.balance.load_state_dict(in_order(first.balance.state_dict(), NAMES))
    assert "does not say which static weights its losses had: they count as unchanged" in caplog.text
    assert torch.equal(second.balance.init_losses, first.balance.init_losses)


@both
@kinds
def test_a_term_whose_weight_was_zero_begins_where_it_is(make):
    first, second = make(weights={"walls": 0.0}), make()
    first.drive(range(4))
    second.balance.load_state_dict(first.balance.state_dict())
    second.drive(range(4, 8))
    assert np.isfinite(list(second.weights().values())).all()
    assert float(second.balance.init_losses[2]) > 0.01


@both
@kinds
def test_a_term_whose_weight_becomes_zero_keeps_what_is_known_of_it(make):
    first, second, third = make(), make(weights={"walls": 0.0}), make()
    first.drive(range(4))
    second.balance.load_state_dict(first.balance.state_dict())
    assert torch.equal(second.balance.init_losses, first.balance.init_losses)
    second.drive(range(4, 6))
    third.balance.load_state_dict(second.balance.state_dict())
    third.drive(range(6, 8))
    assert np.isfinite(list(third.weights().values())).all()


# ----- damaged checkpoints


DAMAGE = {
    "weights not a number": ("lmbda_ema", lambda it: it * torch.nan, r"damaged.*not so are \['lmbda_ema'\]"),
    "infinite": ("init_losses", lambda it: it / 0, r"damaged.*not so are \['init_losses'\]"),
    "shape": ("lmbda_ema", lambda it: it[:2], r"does not fit.*'lmbda_ema': \[2\]"),
    "dimensions": ("init_losses", lambda it: it[None], r"does not fit.*'init_losses': \[1, 3\]"),
    "no tensor": ("lmbda_ema", lambda it: 1.0, r"does not fit.*'lmbda_ema': None"),
    "missing": ("init_losses", lambda it: None, r"does not fit.*'init_losses': None"),
}


@both
@kinds
@pytest.mark.parametrize("used", [0, 3], ids=["fresh", "used"])
@pytest.mark.parametrize(("name", "change", "message"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_checkpoint_is_logged_and_stops_the_training(make, name, change, message, used, caplog):
    """Also where its error is swallowed, as in the host: the next call raises."""
    first, second = make(), make()
    first.drive(range(4))
    second.drive(range(used))
    state = first.balance.state_dict()
    state[name] = change(state[name])
    with caplog.at_level(logging.ERROR), pytest.raises(RuntimeError, match="Missing key"):
        second.balance.load_state_dict({key: value for key, value in state.items() if value is not None})
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    with pytest.raises(ERRORS, match=f"(?s){message}.*Remove the checkpoint to start anew"):
        second.call(used)
    # A good one after it is taken.
    second.balance.load_state_dict(first.balance.state_dict())
    assert second.drive(range(4, 6)) == first.drive(range(4, 6))


@both
@kinds
def test_a_checkpoint_without_state_is_a_loud_start(make, caplog):
    made = make()
    with caplog.at_level(logging.WARNING):
        made.balance.load_state_dict({})
    assert f"The checkpoint's aggregator has no state: {made.balance._kind} starts anew." in caplog.text


@both
@kinds
def test_the_start_is_said_once_with_options_and_names(make, caplog):
    made = make()
    with caplog.at_level(logging.INFO):
        made.drive(range(3), turned)
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{made.balance._kind} of modulus_relobralo 0.")
    assert record.getMessage().endswith(f": {made.balance._describe()}; terms: pde, slope, walls")


@both
@kinds
def test_terms_that_start_far_apart_are_said_once(make, caplog):
    made = make()
    for step in range(3):
        made.balance({**made.losses(step), "walls": 1e-9 * made.losses(step)["walls"]}, step)
        made.balance.inspect()
    said = [record.getMessage() for record in caplog.records if "times apart" in record.getMessage()]
    assert len(said) == 1
    assert "`walls` at " in said[0]


@both
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"number": 0}, ValueError, "Parameter `num_losses` must be at least 1. Found `num_losses = 0`"),
        ({"weights": {"pde": -1}}, ValueError, r"`weights\[pde\]` must be in \[0, inf\)"),
        ({"weights": ["pde"]}, TypeError, "`weights` must map names of loss terms to numbers"),
    ],
)
def test_bad_options_are_named(new, options, error, message):
    with pytest.raises(error, match=message):
        Made(new, eager, **options)
