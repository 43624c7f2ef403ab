"""Run the report as ``python -m modulus_relobralo.report``."""

from modulus_relobralo.report.cli import main

main()
