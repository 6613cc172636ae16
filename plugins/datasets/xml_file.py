"""Reads XML that may come from anywhere: no document type, so no entity that grows or reads another file."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from prunekit.core.data.contract import DataError
from prunekit.registry.errors import one_line


def read_xml(path: Path) -> Element:
    """Return the outermost element of an XML file.

    Raises:
        DataError: The file cannot be read, is no XML, or declares a document type.
    """
    named, builder, parser = one_line(path), TreeBuilder(), expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise DataError(f"{named} declares a document type, which annotations need not and attacks do; remove it")

    parser.StartDoctypeDeclHandler = refuse  # without one there is no entity but those of XML itself
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(path.read_bytes(), True)
    except OSError as problem:
        raise DataError(f"{named} cannot be read: {problem.strerror}") from problem
    except (expat.ExpatError, LookupError, ValueError) as problem:
        if isinstance(problem, DataError):
            raise
        raise DataError(f"{named} is no XML: {problem}; mend or replace the file") from problem
    return builder.close()
