"""The one schema every frame is checked against: all of `schemas/`, compiled once in a process.

The files are the RFCs' own; nothing is fetched while they are read, or later.
"""

from functools import cache
from pathlib import Path
from typing import Final

from lxml import etree

FOLDER: Final = Path(__file__).parent / "schemas"


@cache
def schema() -> etree.XMLSchema:
    """The compiled schema; about 10 ms the first time. Checking a frame with it keeps no state but the last errors."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.XMLSchema(etree.parse(str(FOLDER / "all.xsd"), parser))
