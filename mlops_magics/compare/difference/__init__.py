"""What differs between variants: one value with laws, made of parts that have them too."""

from mlops_magics.compare.difference.cells import CellChange
from mlops_magics.compare.difference.changes import Change
from mlops_magics.compare.difference.curves import Curve, CurveChange, HeldCurve
from mlops_magics.compare.difference.data import ColumnDistance, TableChange
from mlops_magics.compare.difference.matrix import Matrix, diff_matrix
from mlops_magics.compare.difference.of_runs import diff
from mlops_magics.compare.difference.value import Difference, Gap, apply, difference, invert
from mlops_magics.compare.difference.variants import Variant, variant

__all__ = [
    "CellChange",
    "Change",
    "ColumnDistance",
    "Curve",
    "CurveChange",
    "Difference",
    "Gap",
    "HeldCurve",
    "Matrix",
    "TableChange",
    "Variant",
    "apply",
    "diff",
    "diff_matrix",
    "difference",
    "invert",
    "variant",
]
