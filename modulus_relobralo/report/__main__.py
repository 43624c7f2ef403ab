"""Run the report as ``python -m modulus_relobralo.report``."""

from .cli import main

main()
