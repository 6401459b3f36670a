"""Which single changes can be made to a module: comparisons, bounds, constants, conditions, dropped statements."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
}  # fmt: skip


class Change(NamedTuple):
    """A change of one place: lines from 1, columns from 0 in bytes, as `ast` counts them.

    Attributes:
        place: the function or class that it is in, dotted.
        old: the source before, in one line; it and `place` still name the change when lines have moved.
    """

    place: str
    line: int
    column: int
    end_line: int
    end_column: int
    old: str
    new: str

    def applied(self, source: str) -> str:
        """The source with the change."""
        lines = source.encode().splitlines(keepends=True)
        start, end = lines[self.line - 1][: self.column], lines[self.end_line - 1][self.end_column :]
        lines[self.line - 1 : self.end_line] = [start + self.new.encode() + end]
        return b"".join(lines).decode()


def changes(source: str) -> list[Change]:
    """Every change of a module, in the order of its lines."""
    return list(_below(ast.parse(source), ""))


def _below(node: ast.AST, place: str) -> Iterator[Change]:
    for child in ast.iter_child_nodes(node):
        inner = place
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{place}.{child.name}".lstrip(".")
        if isinstance(child, ast.expr | ast.stmt) and not _is_typing(child):
            yield from (_change(child, new, inner) for new in _instead(child))
        if not isinstance(child, ast.arguments) and not _is_typing(child):
            yield from _below(child, inner)


def _is_typing(node: ast.AST) -> bool:
    """Annotations, imports and docstrings: no test is meant to notice them."""
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, ast.Import | ast.ImportFrom | ast.AnnAssign | ast.JoinedStr)


def _instead(node: ast.expr | ast.stmt) -> Iterator[str]:
    """What a node can become."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARED:
            yield ast.unparse(ast.Compare(node.left, [_COMPARED[type(op)]()], node.comparators))
        case ast.BinOp(op=op) if type(op) in _CALCULATED:
            yield ast.unparse(ast.BinOp(node.left, _CALCULATED[type(op)](), node.right))
        case ast.BoolOp(op=op):
            yield ast.unparse(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), node.values))
        case ast.UnaryOp(op=ast.Not()):
            yield f"({ast.unparse(node.operand)})"
        case ast.Constant(value=bool() as value):
            yield str(not value)
        case ast.Constant(value=int() | float() as value):
            yield f"({value + 1})"
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Assign() | ast.AugAssign() | ast.Raise():
            yield "pass"


def _change(node: ast.expr | ast.stmt, new: str, place: str) -> Change:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    old = " ".join(ast.unparse(node).split())
    new = new if new == "pass" else f"({new})"
    return Change(place, node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, old, new)
