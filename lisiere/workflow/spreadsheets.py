"""Tables as CSV and XLSX, in which no cell is ever a formula, whatever it begins with (OWASP, CSV injection)."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell as OpenpyxlCell

BYTE_ORDER_MARK = "\ufeff"
"""Tells a spreadsheet that a CSV is UTF-8."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - the wide signs are meant
"""What makes a formula of a cell; spreadsheets of some languages take the wide signs too."""

READ_OTHERWISE = ("=", "#")
"""What openpyxl makes a formula or an error of, unless it is told not to."""

WIDEST = 60
Cell = str | int


class Table(NamedTuple):
    """A table with the name of its sheet. Every row has as many cells as there are columns."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]


def harmless(cell: object) -> object:
    """A cell of a CSV that no spreadsheet takes for a formula: an apostrophe before what could be one."""
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA) else cell


def csv_text(table: Table) -> str:
    """A table as CSV: UTF-8, comma, every text quoted."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([harmless(cell) for cell in row] for row in table.rows)
    return BYTE_ORDER_MARK + text.getvalue()


def xlsx_bytes(tables: Iterable[Table], *, title: str) -> bytes:
    """Tables as a workbook, one a sheet; texts are stored as texts, whatever they begin with."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.properties.title, book.properties.creator = title, "Lisière"
    for table in tables:
        _write_sheet(book, table)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _write_sheet(book: "Workbook", table: Table) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(table.name)
    sheet.freeze_panes = "A2"
    last = get_column_letter(len(table.columns))
    sheet.auto_filter.ref = f"A1:{last}{len(table.rows) + 1}"
    for place, width in enumerate(_widths(table), start=1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    bold, top = Font(bold=True), Alignment(vertical="top")

    def cell(value: Cell) -> "OpenpyxlCell | Cell":
        if not isinstance(value, str) or not value.startswith(READ_OTHERWISE):
            return value
        found = WriteOnlyCell(sheet, value)
        found.data_type = "s"
        return found

    heads = [WriteOnlyCell(sheet, name) for name in table.columns]
    for head in heads:
        head.font, head.alignment, head.data_type = bold, top, "s"
    sheet.append(heads)
    for row in table.rows:
        sheet.append([cell(value) for value in row])


def _widths(table: Table) -> list[int]:
    """A width for each column: that of its longest cell, within bounds."""
    columns = zip(table.columns, *table.rows[:500], strict=True)
    return [min(WIDEST, 2 + max(len(str(cell)) for cell in column)) for column in columns]
