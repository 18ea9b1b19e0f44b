"""Workbooks made by hand, so that tests need no library that writes them."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

Rows = Sequence[Sequence[object]]
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def archive(parts: Mapping[str, bytes]) -> bytes:
    """A zip file of these parts."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in parts.items():
            made.writestr(name, text)
    return content.getvalue()


def workbook(*sheets: Rows, hidden: Rows | None = None, far: bool = False) -> bytes:
    """A workbook; `hidden`, a sheet before the others that is not shown; `far`, one more cell as far as a sheet goes."""
    states = [(rows, "visible") for rows in sheets]
    every = states if hidden is None else [(hidden, "hidden"), *states]
    names = range(1, len(every) + 1)
    listed = "".join(
        f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}" state="{state}"/>'
        for n, (_, state) in zip(names, every, strict=True)
    )
    links = "".join(
        f'<Relationship Id="r{n}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in names
    )
    styles = f'<Relationship Id="styles" Type="{_LINKS}/styles" Target="styles.xml"/>'
    root = f'<Relationship Id="r1" Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/>'
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{root}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}{styles}</Relationships>',
        # The second style is a date.
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
    } | {f"xl/worksheets/sheet{n}.xml": _sheet(rows, far=far) for n, (rows, _) in zip(names, every, strict=True)}
    return archive({name: text.encode() for name, text in parts.items()})


def _sheet(rows: Rows, *, far: bool) -> str:
    written = "".join(
        f'<row r="{line}">{"".join(_cell(line, at, value) for at, value in enumerate(cells))}</row>'
        for line, cells in enumerate(rows, start=1)
    )
    more = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>' if far else ""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{written}{more}</sheetData></worksheet>'


def _cell(line: int, at: int, value: object) -> str:
    place = f"{chr(65 + at)}{line}"
    if isinstance(value, int):
        style = ' s="1"' if 40_000 < value < 50_000 else ""
        return f'<c r="{place}"{style}><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'
