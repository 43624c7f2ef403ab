"""Make a virtual environment that builds the documentation over one that `build_env.py` made.

    python tools/build_docs_env.py .venv .venv-docs

What Sphinx asks for goes into an environment of its own, which sees the other's packages by a path: the API pages
import the host, and nothing in the host's environment changes.
"""

from __future__ import annotations

import argparse
import pathlib
import sysconfig
import venv

from build_env import requirements_of, run, say


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("host", type=pathlib.Path, help="environment of the host, with uv in it")
    parser.add_argument("venv", type=pathlib.Path)
    args = parser.parse_args()
    say(f"making {args.venv} over {args.host}")
    venv.EnvBuilder(clear=True).create(args.venv)
    # Sorted after the packages of its own, which win; the path files of the other are read as well.
    packages = site_packages(args.host)
    line = f"import site; site.addsitedir({str(packages)!r})\n"
    (site_packages(args.venv) / "zz_host.pth").write_text(line)
    python = args.venv.resolve() / "bin" / "python"
    run(args.host / "bin" / "python", "-m", "uv", "pip", "install", "-q", "--python", python, *requirements_of("docs"))
    run(python, "-W", "ignore", "-c", "import sphinx, myst_nb, torch, modulus_relobralo")
    say(f"{args.venv} is ready")


def site_packages(folder: pathlib.Path) -> pathlib.Path:
    """Return where an environment of this interpreter's version keeps its packages."""
    base = str(folder.resolve())
    return pathlib.Path(sysconfig.get_path("purelib", "venv", {"base": base, "platbase": base}))


if __name__ == "__main__":
    main()
