"""The files of a run's folder, one reader each: what the host, Hydra and the weight monitor wrote."""
