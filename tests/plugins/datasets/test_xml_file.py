from __future__ import annotations

from pathlib import Path

import pytest

from prunekit.core.data import DataError
from prunekit.plugins.datasets.xml_file import read_xml

LAUGHS = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_elements_come_with_their_text(tmp_path: Path) -> None:
    root = read_xml(written(tmp_path / "a.xml", '<?xml version="1.0"?><a x="1"><b> c &amp; &#246;</b><b/></a>'))
    assert root.tag == "a" and root.get("x") == "1" and [each.text for each in root.iterfind("b")] == [" c & ö", None]
    latin = '<?xml version="1.0" encoding="latin-1"?><a>ö</a>'.encode("latin-1")
    assert read_xml(written(tmp_path / "b.xml", latin)).text == "ö"


@pytest.mark.parametrize(
    "text", [LAUGHS, OUTSIDE, OUTSIDE.encode("utf-16"), '<!DOCTYPE a SYSTEM "http://x/a.dtd"><a/>']
)
def test_a_document_type_is_refused_before_any_entity_is_made(tmp_path: Path, text: str | bytes) -> None:
    path = written(tmp_path / "a.xml", text)
    with pytest.raises(DataError, match=r"a\.xml declares a document type"):
        read_xml(path)


@pytest.mark.parametrize(
    "text", ["", "<a>", "<a></b>", "no xml", "<a/><b/>", "<a>&b;</a>", b"\xff\xfe<", b"<a>\xff</a>"]
)
def test_a_broken_file_is_named(tmp_path: Path, text: str | bytes) -> None:
    path = written(tmp_path / "a.xml", text)
    with pytest.raises(DataError, match=r"a\.xml is no XML: .*; mend or replace the file"):
        read_xml(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.xml cannot be read: No such file"):
        read_xml(tmp_path / "a.xml")


def test_an_unknown_encoding_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xml", '<?xml version="1.0" encoding="klingon"?><a/>')
    with pytest.raises(DataError, match=r"a\.xml is no XML"):
        read_xml(path)
