"""ReLoBRaLo in NumPy float64, written from the article's class and from nothing in this package.

The random draws are a sequence that the caller hands in, or the generator's own sequence in Python integers.
"""

import numpy as np

DEFAULTS = {"alpha": 0.999, "temperature": 0.1, "eps": 1e-12}


def balance(losses, reference, temperature=0.1, eps=1e-12):
    logits = np.asarray(losses, dtype=np.float64) / (temperature * np.asarray(reference, dtype=np.float64) + eps)
    shares = np.exp(logits - logits.max())
    return len(shares) * shares / shares.sum()


def trajectory(losses, keeps, alpha=0.999, temperature=0.1, eps=1e-12):
    """Return the weights of every call, [calls, terms]; keeps[t] is rho(t) of call t, unused in the first two."""
    losses = np.asarray(losses, dtype=np.float64)
    lambdas = np.ones(losses.shape[1])
    history = []
    for call, (now, rho) in enumerate(zip(losses, keeps, strict=True)):
        before = losses[max(call - 1, 0)]
        a, r = {0: (1.0, 1.0), 1: (0.0, 1.0)}.get(call, (alpha, float(rho)))
        back = balance(now, losses[0], temperature, eps)
        hat = balance(now, before, temperature, eps)
        lambdas = r * a * lambdas + (1 - r) * a * back + (1 - a) * hat
        history.append(lambdas)
    return np.array(history)


def keeps(seed, rho, calls):
    """Return the draws of an aggregator made under torch.manual_seed(seed), one for every call."""
    state, sequence = splitmix64(seed), []
    for _ in range(calls):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        # The aggregator compares signed numbers: half of the circle is added.
        sequence.append((state + 2**63) % 2**64 < int(rho * 2.0**64))
    return sequence


def splitmix64(seed):
    """Return the first number of Vigna's public-domain splitmix64.c started at `seed`."""
    z = (seed + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def random_losses(calls, terms, seed=0):
    """Return losses that fall over several decades with noise, [calls, terms]."""
    generator = np.random.default_rng(seed)
    scale = 10.0 ** generator.uniform(-3, 3, terms)
    decay = np.exp(-np.outer(np.arange(calls), generator.uniform(0.0, 0.03, terms)))
    return scale * decay * generator.uniform(0.7, 1.3, (calls, terms))
