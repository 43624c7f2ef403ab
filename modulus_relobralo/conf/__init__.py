"""Options for Hydra programs of one's own: ``hydra: {searchpath: [pkg://modulus_relobralo.conf]}`` in a config."""
