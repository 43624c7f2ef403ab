"""Writes every table of the documents, and the figures, from benchmarks/results/.

    python -m benchmarks.documents [--check | --figures]

Without options the tables are written; with --figures the figures are drawn too; with --check nothing is written, and
what would change is an error.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.documents import figures, pages, tables
from benchmarks.records import RESULTS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument("--check", action="store_true", help="write nothing; whatever would change is an error")
    instead.add_argument("--figures", action="store_true", help="draw the figures too")
    args = parser.parse_args()
    if args.figures:
        print(*figures.draw(), sep="\n")
    wanted = {document: tables.fill(document.read_text()) for document in tables.DOCUMENTS}
    wanted |= {pages.PAGES / f"{file.stem}.md": pages.page(file.stem) for file in sorted(RESULTS.glob("*.jsonl"))}
    changed = [path for path, text in wanted.items() if not path.is_file() or path.read_text() != text]
    print(*changed, sep="\n")
    if args.check:
        sys.exit(f"{len(changed)} pages are not those of benchmarks/results/" if changed else 0)
    for path in changed:
        path.write_text(wanted[path])


if __name__ == "__main__":
    main()
