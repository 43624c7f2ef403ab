"""Processes that stand for ranks."""

import time

import torch.multiprocessing as mp


def spawn(work, arguments, ranks, limit=300):
    """Run `work(rank, *arguments)` in a process for each rank, and end all of them after `limit` seconds."""
    processes = mp.spawn(work, arguments, ranks, join=False)
    deadline = time.monotonic() + limit
    try:
        while not processes.join(timeout=10):
            assert time.monotonic() < deadline
    finally:
        for process in processes.processes:
            process.kill()
