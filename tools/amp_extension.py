"""The one operator of the host's CUDA extension, in PyTorch.

``amp.py`` of the hosts calls ``_amp_update_scale_``: PyTorch's rule for the loss scale of float16 training, with
an upper bound (`max_scale`) and a separate growth interval while the scale is at or below `recover_threshold`.
It works in place and never reads a value back, so it can be captured in a CUDA graph.
"""

import torch


def update_scale(
    scale: torch.Tensor,
    growth_tracker: torch.Tensor,
    found_inf: torch.Tensor,
    growth_factor: float,
    backoff_factor: float,
    growth_interval: int,
    max_scale: float,
    recover_threshold: float,
    recover_growth_interval: int,
) -> torch.Tensor:
    overflow = found_inf.to(torch.bool).reshape(scale.shape)
    good_steps = growth_tracker.reshape(scale.shape) + 1
    interval = torch.where(scale <= recover_threshold, recover_growth_interval, growth_interval)
    grow = good_steps == interval
    grown = torch.where(grow, (scale * growth_factor).clamp(max=max_scale), scale)
    growth_tracker.copy_(torch.where(overflow | grow, 0, good_steps).reshape(growth_tracker.shape))
    return scale.copy_(torch.where(overflow, scale * backoff_factor, grown))


LIBRARY = torch.library.Library("{namespace}", "DEF")
LIBRARY.define(
    "_amp_update_scale_(Tensor(a!) scale, Tensor(b!) growth_tracker, Tensor found_inf, float growth_factor,"
    " float backoff_factor, int growth_interval, float max_scale, float recover_threshold,"
    " int recover_growth_interval) -> Tensor(a!)"
)
LIBRARY.impl("_amp_update_scale_", update_scale, "CompositeExplicitAutograd")
