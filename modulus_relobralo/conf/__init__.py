"""Options for Hydra programs of one's own, ``loss: relobralo`` and ``optimizer: natural_gradient`` among them.

A program that imports something of this package finds them (`hosts.plugin`). One that does not names them in its
config: ``hydra: {searchpath: [pkg://modulus_relobralo.conf]}``.
"""
