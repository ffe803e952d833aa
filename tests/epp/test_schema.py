"""The schema: compiled from the files of this package alone, and shipped with it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from lxml import etree

from namestead.epp.namespaces import EXTENSIONS, MARK, OBJECTS, PREFIXES, SIGNED_MARK, URIS, XSI
from namestead.epp.schema import FOLDER, schema

ROOT = Path(__file__).parents[2]
XSD = "{http://www.w3.org/2001/XMLSchema}"


def test_it_compiles_and_is_compiled_once() -> None:
    assert isinstance(schema(), etree.XMLSchema)
    assert schema() is schema()


def test_every_namespace_that_is_spoken_has_its_schema() -> None:
    files = [etree.parse(str(path)).getroot() for path in FOLDER.glob("*-1.*.xsd")]
    has = {root.get("targetNamespace") for root in files}
    assert set(PREFIXES) - {XSI} <= has
    imported = {node.get("namespace") for node in etree.parse(str(FOLDER / "all.xsd")).iter(f"{XSD}import")}
    assert has == imported


def test_no_schema_is_looked_for_elsewhere() -> None:
    """Each import names a file of the folder: nothing is fetched, from wherever the registry is started."""
    for path in FOLDER.glob("*.xsd"):
        for node in etree.parse(str(path)).iter(f"{XSD}import", f"{XSD}include"):
            assert (FOLDER / str(node.get("schemaLocation"))).is_file(), (path.name, node.attrib)


def test_every_schema_keeps_its_notice() -> None:
    for path in FOLDER.glob("*-1.*.xsd"):
        head = path.read_text()[:400]
        assert "Copyright (c)" in head and "IETF Trust" in head and "NOTICE" in head, path.name
    notice = (FOLDER / "NOTICE").read_text()
    assert "Redistributions of source code must retain" in notice and "DISCLAIMED" in notice


def test_a_prefix_means_one_namespace() -> None:
    assert len(PREFIXES) == len(URIS)
    announced = {*OBJECTS, *EXTENSIONS}
    assert len(announced) == len(OBJECTS) + len(EXTENSIONS)
    assert MARK not in announced and SIGNED_MARK not in announced


def test_the_schemas_are_in_the_wheel(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert 0 == built.returncode, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("namestead/epp/schemas/")}
    assert {f"namestead/epp/schemas/{path.name}" for path in FOLDER.iterdir()} == shipped
    assert len(shipped) > 15
