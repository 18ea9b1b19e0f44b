"""Tables of Excel's own formats (.xlsx, .xls), as the records that a CSV file would have."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum, ZipError

from system.domain.contact_header import FileFault, HeaderError
from system.domain.csv_records import Record

DELIMITER = ";"
# What a small file may unpack to must not fill the memory: two cells far apart make a table of everything between them.
MOST_BYTES = 300_000_000
MOST_CELLS = 20_000_000
CHUNK_BYTES = 1_048_576
LONGEST_HEAD = 8
_REFERENCE = re.compile(rb'\br="([A-Z]{0,3})(\d{1,7})"')
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_OTHERS = {
    b"%PDF": "pdf",
    b"\x89PNG": "picture",
    b"\xff\xd8\xff": "picture",
    b"GIF8": "picture",
    b"\x1f\x8b": "archive",
    b"Rar!": "archive",
    b"7z\xbc\xaf": "archive",
}


def is_workbook(head: bytes) -> bool:
    """Whether a file that begins so is a workbook, whatever its name.

    Raises:
        HeaderError: when it is something that is no table.

    """
    for begin, kind in _OTHERS.items():
        if head.startswith(begin):
            raise HeaderError(FileFault.NOT_A_TABLE, kind)
    return head.startswith((_ZIP, _OLE))


def workbook_records(stream: BinaryIO) -> Iterator[Record]:
    """The rows of the first sheet that is shown and has some; lines are the sheet's.

    Raises:
        HeaderError: when it cannot be opened, is too large, or is another kind of archive.

    """
    content = io.BytesIO(stream.read())
    _refuse_bombs(content)
    try:
        with CalamineWorkbook.from_filelike(content) as book:
            for sheet in book.sheets_metadata:
                if sheet.visible is not SheetVisibleEnum.Visible:
                    continue
                rows = book.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
                if any(map(any, rows)):
                    return _records(rows)
    except (CalamineError, ZipError, OSError, ValueError) as error:
        raise HeaderError(FileFault.UNREADABLE) from error
    raise HeaderError(FileFault.EMPTY)


def _refuse_bombs(content: io.BytesIO) -> None:
    if not content.getvalue().startswith(_ZIP):
        return
    try:
        with zipfile.ZipFile(content) as archive:
            names, size = archive.namelist(), sum(part.file_size for part in archive.infolist())
            if size > MOST_BYTES:
                raise HeaderError(FileFault.TOO_LARGE)
            if "content.xml" in names:
                raise HeaderError(FileFault.NOT_A_TABLE, "opendocument")
            sheets = [name for name in names if name.startswith("xl/worksheets/")]
            if not sheets:
                raise HeaderError(FileFault.NOT_A_TABLE, "archive")
            for name in sheets:
                _refuse_wide(archive, name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise HeaderError(FileFault.UNREADABLE) from error
    content.seek(0)


def _refuse_wide(archive: zipfile.ZipFile, name: str) -> None:
    width, height, rest, read = 1, 1, b"", 0
    with archive.open(name) as part:
        while chunk := part.read(CHUNK_BYTES):
            read += len(chunk)
            text = rest + chunk
            for column, row in _REFERENCE.findall(text):
                width, height = max(width, _number(column)), max(height, int(row))
            rest = text[-20:]
            # What an archive says of its size may be wrong.
            if width * height > MOST_CELLS or read > MOST_BYTES:
                raise HeaderError(FileFault.TOO_LARGE)


def _number(column: bytes) -> int:
    found = 0
    for letter in column:
        found = found * 26 + letter - 64
    return found


def _records(rows: Sequence[Sequence[object]]) -> Iterator[Record]:
    for line, cells in enumerate(rows, start=1):
        fields = tuple(map(_text, cells))
        if any(fields):
            yield Record(line, _joined(fields), fields)


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        # A spreadsheet keeps numbers as floats, telephone numbers too.
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds") if cell.time() != datetime.min.time() else cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell).strip()


def _joined(fields: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=DELIMITER, lineterminator="").writerow(fields)
    return text.getvalue().replace("\n", " ").replace("\r", " ")
