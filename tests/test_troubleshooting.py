"""The page on messages: what it quotes of this package is what the package says."""

import re

from programs import ROOT

PAGE = (ROOT / "docs" / "how-to" / "troubleshooting.md").read_text()
# Of pip, of Hydra, of PyTorch and of the hosts.
OTHERS = (
    "The detected CUDA version",
    "CUDA_HOME environment",
    "Could not find",
    "is not in the subpath of",
    "Found no NVIDIA driver",
    "CUDA error",
    "Fail loading optimizer",
)


def said():
    """Return the texts of the package, those over several lines in one; what is filled in is three points."""
    texts = [path.read_text() for path in (ROOT / "modulus_relobralo").glob("**/*.py")]
    joined = re.sub(r'"\s*\n\s*f?"', "", "\n".join(texts))
    return re.sub(r"\{[^{}]*\}", "...", joined).replace('\\"', '"')


def quotes(page):
    """Return what the first column of the tables quotes, a message with its gaps each."""
    cells = re.findall(r"^\| (.*?) \|", page, re.M)
    return [quote for cell in cells for quote in re.findall(r'"(.+?)"', cell)]


def unsaid(page):
    """Return the quotes of which a part is no text of the package."""
    texts, found = said(), []
    for quote in quotes(page):
        parts = [part.strip() for part in quote.split("...") if part.strip()]
        if not quote.strip(". ").startswith(OTHERS) and not all(part in texts for part in parts):
            found.append(quote)
    return found


def test_quotes_are_messages():
    assert len(quotes(PAGE)) > 15
    assert unsaid(PAGE) == []


def test_a_message_that_has_changed_is_seen():
    assert unsaid('| "Loss terms must never be negative: ..." | |') == ["Loss terms must never be negative: ..."]
