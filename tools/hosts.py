"""What it takes to install each host framework, also where its published form cannot be installed.

Modulus Sym and PhysicsNeMo Sym are published as source archives that compile one CUDA extension, so they
need an nvcc; Modulus Sym 1.8.0 was moreover written for Python 3.10. Each of these recipes names the archive, the
edits that let it run on Python 3.11 without nvcc, and the requirements that its metadata gets wrong. PhysicsNeMo of
today is a wheel, and is installed as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

# A requirement that no supported Python fulfils: uv's way to leave a dependency out.
NEVER = 'python_version < "3"'


class Edit(NamedTuple):
    """Replace `old` by `new`; it must be found exactly `times` times."""

    file: str
    old: str
    new: str
    times: int = 1


@dataclass(frozen=True)
class Host:
    """One host framework: its archive, if it is built from one, the edits to it and what is installed around it."""

    requirements: tuple[str, ...]
    smoke_import: str
    overrides: tuple[str, ...] = ()
    archive: str = ""
    extension: str = ""
    edits: tuple[Edit, ...] = ()


MODULUS = Host(
    archive="nvidia-modulus-sym==1.8.0",
    extension="modulus/sym/modulus_ext.py",
    edits=(
        # Python >= 3.11 refuses a dataclass instance as the default of a field.
        Edit(
            "modulus/sym/hydra/training.py",
            "from dataclasses import dataclass\n",
            "from dataclasses import dataclass, field\n",
        ),
        Edit(
            "modulus/sym/hydra/training.py",
            "ntk: NTKConf = NTKConf()",
            "ntk: NTKConf = field(default_factory=NTKConf)",
        ),
        # Python >= 3.11 has no inspect.getargspec.
        Edit("modulus/sym/utils/sympy/numpy_printer.py", "inspect.getargspec(", "inspect.getfullargspec("),
        Edit(
            "modulus/sym/domain/inferencer/vtkpointwise.py",
            "args, _, _, _ = inspect.getargspec(",
            "args, *_ = inspect.getfullargspec(",
        ),
        Edit("modulus/sym/domain/inferencer/ov.py", "inspect.getargspec(", "inspect.getfullargspec("),
        # NumPy >= 1.24 has neither np.bool nor np.int.
        Edit("modulus/sym/domain/inferencer/ov.py", "np.bool)", "bool)"),
        Edit("modulus/sym/utils/vpinn/integral.py", "astype(np.int)", "astype(int)", times=2),
    ),
    # requests: imported by nvidia-modulus, absent from its metadata.
    requirements=("nvidia-modulus==0.9.0", "requests"),
    overrides=(
        f"typing ; {NEVER}",  # a backport for Python 2 that breaks Python 3
        f"nvidia-dali-cuda120 ; {NEVER}",  # 424 MB of data pipelines that nothing here uses
        f"notebook ; {NEVER}",  # not imported by the package
    ),
    smoke_import="import modulus.sym, modulus.sym.solver",
)

PHYSICSNEMO = Host(
    archive="nvidia-physicsnemo-sym==2.4.0",
    extension="physicsnemo/sym/physicsnemo_ext.py",
    edits=(
        # Nothing in this release imports the extension that amp.py calls.
        Edit(
            "physicsnemo/sym/amp.py",
            "from termcolor import colored\n",
            "from termcolor import colored\n\nfrom . import physicsnemo_ext\n",
        ),
        Edit("physicsnemo/sym/domain/inferencer/ov.py", "np.bool)", "bool)"),
        Edit("physicsnemo/sym/utils/vpinn/integral.py", "astype(np.int)", "astype(int)", times=2),
    ),
    # 2.1 and later ship a physicsnemo.sym of their own, without a Solver, over the files of this one;
    # warp 1.13 has no warp.context, which 2.0.0 uses.
    requirements=("nvidia-physicsnemo==2.0.0", "warp-lang<1.13"),
    overrides=(f"notebook ; {NEVER}",),
    smoke_import="import physicsnemo.sym, physicsnemo.sym.solver",
)

# Published as a wheel: nothing is built, and nothing edited.
PHYSICSNEMO_LOOPS = Host(
    requirements=("nvidia-physicsnemo[sym]==2.2.2", "tqdm"),
    smoke_import="import physicsnemo.sym, physicsnemo.models.mlp",
)

HOSTS = {"modulus": MODULUS, "physicsnemo": PHYSICSNEMO, "physicsnemo-loops": PHYSICSNEMO_LOOPS}
