"""The text of a file: unpacked, decoded, and refused where it is none."""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from wholeflow.core.errors import InputError

BLOCK_BYTES = 16 * 1024 * 1024
"""How much of a file is held at a time, and the longest record that is read."""

HEAD_BYTES = 65_536
UTF_8_MARK = b"\xef\xbb\xbf"
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How old Excel files begin, and new ones with a password (MS-CFB 2.2)."""

SIGNS = {
    b"PK\x03\x04": ("a workbook or a zip archive", "Name a workbook .xlsx; unpack an archive."),
    b"PAR1": ("Parquet", "Name it .parquet."),
    b"%PDF": ("a PDF", "Ask for the table as CSV, Excel, JSON or Parquet."),
    b"{\\rtf": ("a text document", "Export the table as CSV."),
}
PAGES = (b"<!doctype", b"<html", b"<table", b"<head", b"<?xml", b"<div", b"<meta", b"<style")


def text_blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """The text of a file as UTF-8, each line end a newline, in blocks of bounded size.

    A file that begins with the mark of UTF-8 is UTF-8. InputError names the line (as
    an editor counts) of the first bytes that are not in the encoding.
    """
    decoder = io.IncrementalNewlineDecoder(_decoder(path, encoding), translate=True)
    line = 1
    for block in _unpacked(path):
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, errors="ignore")
            line += len(before.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1
            raise _wrong_encoding(path, encoding, line) from None
        line += text.count("\n")
        if text:
            yield text.encode("utf-8", errors="replace")


def _decoder(path: Path, encoding: str) -> codecs.IncrementalDecoder:
    is_utf_8 = codecs.lookup(encoding).name == "utf-8" or head(path).startswith(UTF_8_MARK)
    return codecs.getincrementaldecoder("utf-8-sig" if is_utf_8 else encoding)("strict")


def _unpacked(path: Path) -> Iterator[bytes]:
    """The bytes of a file, unpacked, and an empty block at the end."""
    try:
        with pa.input_stream(str(path), compression="gzip" if _is_gzip(path) else None) as data:
            while block := data.read(BLOCK_BYTES):
                yield block
    except (OSError, EOFError, zlib.error) as error:
        raise cut_short(path, "its packed data end too early or are damaged") from error
    yield b""


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as data:
        return data.read(2) == b"\x1f\x8b"


def head(path: Path) -> bytes:
    """The first bytes of a file, unpacked."""
    try:
        with pa.input_stream(str(path), compression="gzip" if _is_gzip(path) else None) as data:
            return bytes(data.read(HEAD_BYTES))
    except (OSError, EOFError, zlib.error) as error:
        raise cut_short(path, "its packed data end too early or are damaged") from error


def cut_short(path: Path, how: str) -> InputError:
    """An error for a file of which the end is missing."""
    return InputError(
        f"the file is cut short: {how}",
        where=path.name,
        repair="Copy or export it again; nothing of it was loaded.",
    )


def empty(path: Path) -> InputError:
    """An error for a file that holds nothing."""
    return InputError(
        "the file is empty", where=path.name, repair="Export it again, or leave it out."
    )


def refuse_what_is_no_text(path: Path, encoding: str, kind: str) -> None:
    """InputError for a file that is empty or holds something else than text."""
    start = head(path)
    if not start.removeprefix(UTF_8_MARK).strip():
        raise empty(path)
    refuse_other_kinds(path, start, kind)
    if codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
        return
    wide = start[:2] in (b"\xff\xfe", b"\xfe\xff")
    if wide:
        raise InputError(
            "the file is UTF-16 text, not UTF-8",
            where=path.name,
            repair="Say encoding = 'utf-16' in the mapping.",
        )
    if _is_binary(start, encoding):
        raise InputError(
            f"the file is binary, not {kind}",
            where=path.name,
            repair="Export it as CSV, Excel (.xlsx), JSON or Parquet.",
        )


def _is_binary(start: bytes, encoding: str) -> bool:
    """True for bytes with a NUL in the first line, or with NULs and what is no text."""
    if b"\0" not in start:
        return False
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(start)
    except UnicodeDecodeError:
        return True
    return b"\0" in start.lstrip().splitlines()[0]


def refuse_other_kinds(path: Path, start: bytes, kind: str) -> None:
    """InputError for a file whose first bytes are those of another kind of file."""
    if start.startswith(COMPOUND):
        raise InputError(
            "this workbook has a password, or is of the old kind (.xls)",
            where=path.name,
            repair="Open it in Excel and save it without a password as .xlsx.",
        )
    for sign, (name, repair) in SIGNS.items():
        if start.startswith(sign):
            raise InputError(f"the file is {name}, not {kind}", where=path.name, repair=repair)
    if start.removeprefix(UTF_8_MARK).lstrip()[:20].lower().startswith(PAGES):
        raise InputError(
            f"the file is a web page or XML, not {kind}, whatever its name says",
            where=path.name,
            repair="Open it in Excel and save it as .xlsx, or ask for an export as CSV.",
        )


def _wrong_encoding(path: Path, encoding: str, line: int) -> InputError:
    return InputError(
        f"the file is not in {encoding}",
        where=f"{path.name}, line {line}",
        repair="Say its encoding in the mapping, such as encoding = 'cp1252' for Windows.",
    )
