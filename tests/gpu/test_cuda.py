"""What only a CUDA device can show: graphs, synchronisation, kernels, float16 with a gradient scaler.

pytest -m gpu
"""

import re
import sys

import pytest
import torch
from programs import ROOT, run

from modulus_relobralo import ReLoBRaLo

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and torch sees none"),
]

EXAMPLE = ROOT / "examples" / "helmholtz" / "helmholtz.py"
NAMES = ("pde", "walls", "moment")


def make(scripted=True, **parameters):
    aggregator = ReLoBRaLo([torch.zeros((), device="cuda")], len(NAMES), **parameters)
    return torch.jit.script(aggregator) if scripted else aggregator


def rows(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, len(NAMES), generator=generator).add_(0.1).cuda()


def named(values):
    return dict(zip(NAMES, values.unbind(), strict=True))


def capture(aggregator, losses, step):
    """Return a graph of one call on `losses`, after two calls outside it, as the trainer's warm-up does."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for warmup in range(3):
            aggregator(named(losses), warmup)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        aggregator(named(losses), step)
    return graph


@pytest.mark.parametrize("rho", [0.0, 1.0])
@pytest.mark.parametrize("scripted", [True, False])
def test_replays_give_the_weights_of_calls(rho, scripted):
    data = rows(40)
    replayed, called = make(scripted, rho=rho, alpha=0.9), make(scripted, rho=rho, alpha=0.9)
    static = data[0].clone()
    # The frozen step of Modulus Sym: the graph is captured at one step and replayed for all later ones.
    graph = capture(replayed, static, 3)
    for warmup in range(3):
        called(named(data[0]), warmup)
    for step, values in enumerate(data, start=3):
        static.copy_(values)
        graph.replay()
        called(named(values), step)
        torch.testing.assert_close(replayed.lmbda_ema, called.lmbda_ema, rtol=1e-5, atol=1e-6)


def test_replays_draw_anew():
    aggregator = make(rho=0.5, alpha=1.0)
    static = rows(1)[0].clone()
    graph = capture(aggregator, static, 3)
    lookbacks = 0
    for values in rows(400, seed=1):
        static.copy_(values)
        before = aggregator.lmbda_ema.clone()
        graph.replay()
        # With alpha = 1 the weights move in a lookback only.
        lookbacks += int(not torch.equal(before, aggregator.lmbda_ema))
    assert abs(lookbacks - 200) < 4 * 10


def test_a_call_neither_synchronises_nor_grows():
    aggregator = make()
    data = rows(100)
    for step in range(20):
        aggregator(named(data[step]), step)
    torch.cuda.synchronize()
    allocated = torch.cuda.memory_allocated()
    torch.cuda.set_sync_debug_mode("error")
    try:
        # The hundredth call looks at what the device keeps for it.
        for step in range(20, 99):
            aggregator(named(data[step]), step)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    torch.cuda.synchronize()
    assert torch.cuda.memory_allocated() == allocated


def count_kernels(terms):
    aggregator = ReLoBRaLo([torch.zeros((), device="cuda")], terms)
    losses = {f"term_{i}": torch.rand((), device="cuda") for i in range(terms)}
    for step in range(5):
        aggregator(losses, step)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        aggregator(losses, 5)
        torch.cuda.synchronize()
    return sum(event.count for event in profile.key_averages() if event.device_type.name == "CUDA")


def test_the_number_of_kernels_does_not_grow_with_the_terms():
    assert 0 < count_kernels(50) <= count_kernels(3) + 1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_training_recovers_from_an_overflow_under_amp(dtype):
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 2).cuda()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    scaler = torch.amp.GradScaler("cuda", init_scale=2.0**8, enabled=dtype == torch.float16)
    aggregator = make(rho=0.5, alpha=0.9)
    x = torch.rand(64, 4, device="cuda")
    history = []
    for step in range(60):
        optimizer.zero_grad()
        before = aggregator.lmbda_ema.clone(), aggregator.prev_losses.clone(), aggregator.init_losses.clone()
        with torch.autocast("cuda", dtype=dtype):
            out = model(x).float() * (float("inf") if step == 20 else 1.0)
            losses = {"pde": (out[:, 0] - 1).square().mean(), "walls": 100 * out[:, 1].square().mean()}
            total = aggregator(losses | {"moment": out.square().mean()}, step)
        if step == 20:
            for old, name in zip(before, ("lmbda_ema", "prev_losses", "init_losses"), strict=True):
                torch.testing.assert_close(getattr(aggregator, name), old, rtol=0, atol=0)
            continue
        scaler.scale(total).backward()
        scaler.step(optimizer)
        scaler.update()
        history.append(float(total))
        assert torch.isfinite(aggregator.lmbda_ema).all()
    assert history[-1] < history[2]


@pytest.mark.parametrize(
    "overrides",
    [
        ["cuda_graphs=true"],
        ["cuda_graphs=false"],
        ["amp.enabled=true", "jit=false"],
        ["cuda_graphs=true", "optimizer=soap"],
        ["amp.enabled=true", "jit=false", "optimizer=soap"],
    ],
)
def test_the_example_trains(overrides, tmp_path):
    command = [sys.executable, "-W", "ignore", str(EXAMPLE), "--config-name", "first_order", "training.max_steps=60"]
    sizes = ["custom.batches=5", "batch_size.interior=128", "batch_size.edge=32", "arch.fully_connected.layer_size=32"]
    frequencies = ["training.rec_monitor_freq=10", "training.summary_freq=10", "hydra.run.dir=run"]
    output = run([*command, *sizes, *frequencies, *overrides], tmp_path)
    assert re.search(r"relobralo, seed 0", output)
    weights = [line.split(",")[1:] for line in (tmp_path / "run/monitors/weights.csv").read_text().splitlines()[1:]]
    # After the capture at step 20 the weights still move.
    assert len({tuple(row) for row in weights[3:]}) > 1
