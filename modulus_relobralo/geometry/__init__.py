"""What plates and waves share: shapes, parts of a boundary, and the symbols that people hand in."""
