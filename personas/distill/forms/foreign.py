"""What is no transcript: files of other kinds, named for what they are."""

import codecs

_KINDS = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (Word and Excel files are such)"),
    (b"\xd0\xcf\x11\xe0", "an old Word or Excel file"),
    (b"{\\rtf", "a Rich Text document"),
    (b"RIFF", "a sound file"),
    (b"ID3", "a sound file"),
    (b"\xff\xfb", "a sound file"),
    (b"fLaC", "a sound file"),
    (b"OggS", "a sound file"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"BZh", "packed by bzip2"),
    (b"\xfd7zXZ", "packed by xz"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x80\x04\x95", "a Python pickle"),
)
_MARKUP = ((b"<!doctype html", "an HTML page"), (b"<html", "an HTML page"), (b"<?xml", "an XML document"))


def name_foreign(head: bytes) -> str | None:
    """Return what a file is that begins with some bytes and holds no text we read; None when it may be a transcript.

    >>> name_foreign(b"%PDF-1.7"), name_foreign(b"Agent: Hello.")
    ('a PDF document', None)
    """
    if known := next((kind for mark, kind in _KINDS if head.startswith(mark)), None):
        return known
    text = head.lstrip().lower()
    if known := next((kind for mark, kind in _MARKUP if text.startswith(mark)), None):
        return known
    if head[4:8] == b"ftyp":
        return "a video or sound file"
    if b"\0" in head[:2] and not head.startswith(codecs.BOM_UTF32_BE):
        return "UTF-16 without a byte order mark, or no text"
    return None
