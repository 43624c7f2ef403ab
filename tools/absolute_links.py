"""Make the links of a README absolute, as a package index needs them: python tools/absolute_links.py FOLDER ADDRESS."""

import pathlib
import re
import runpy
import sys

RELATIVE = re.compile(r"(?<=\]\()(?!https?:|#)([^)]+)")


def absolute(text: str, address: str, version: str) -> str:
    """Return a page whose relative links lead to the files of a version's tag; pictures are raw files."""
    place = {True: "raw", False: "blob"}
    return RELATIVE.sub(lambda link: f"{address}/{place[link[1].endswith('.png')]}/v{version}/{link[1]}", text)


if __name__ == "__main__":
    folder, address = pathlib.Path(sys.argv[1]), sys.argv[2].rstrip("/")
    version = runpy.run_path(str(folder / "modulus_relobralo" / "version.py"))["__version__"]
    readme = folder / "README.md"
    readme.write_text(absolute(readme.read_text(), address, version))
