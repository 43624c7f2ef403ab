"""Processes that stand for ranks."""

import datetime
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.multiprocessing.spawn import start_processes

RANKS = 2
# A fork of a process that has done these imports and nothing else starts at once.
mp.get_context("forkserver").set_forkserver_preload(["pytest", "torch.distributed", "modulus_relobralo.loops"])


def as_rank(rank, work, folder):
    """Do the work of a rank among its group, and keep what it returns."""
    torch.set_num_threads(1)
    timeout = datetime.timedelta(seconds=60)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=RANKS, timeout=timeout)
    arguments = torch.load(f"{folder}/arguments.pth", weights_only=False)
    torch.save(work(rank, *arguments), f"{folder}/rank{rank}.pth")
    dist.destroy_process_group()


def on_ranks(work, folder, *arguments, limit=300):
    """Return what `work(rank, *arguments)` returns in a process for each rank; they are ended after `limit` seconds."""
    # Through a file: tensors that are handed to processes are of one memory.
    torch.save(arguments, folder / "arguments.pth")
    processes = start_processes(as_rank, (work, str(folder)), RANKS, join=False, start_method="forkserver")
    deadline = time.monotonic() + limit
    try:
        while not processes.join(timeout=10):
            assert time.monotonic() < deadline
    finally:
        for process in processes.processes:
            process.kill()
    return [torch.load(folder / f"rank{rank}.pth", weights_only=False) for rank in range(RANKS)]
