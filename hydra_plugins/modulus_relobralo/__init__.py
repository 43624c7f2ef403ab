"""Where Hydra 1.3 and older look for plugins; Hydra 1.4 finds ours by its entry point."""

from modulus_relobralo.hosts.plugin import ReLoBRaLoPlugin

__all__ = ["ReLoBRaLoPlugin"]
