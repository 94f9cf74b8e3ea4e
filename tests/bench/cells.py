"""A notebook of any length, as people write them: frames, functions, loops, models, plots, magics."""

FIRST = """
import json
import math
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(0)
df = pd.DataFrame({"a": rng.normal(size=200), "b": rng.normal(size=200), "group": rng.integers(0, 4, 200)})
results = []
"""
KINDS = (
    "x{n} = {n} / 7\ny{n} = math.sqrt(x{n})",
    "def scale_{n}(frame, by={n}):\n    '''Rows of frame, scaled.'''\n    return frame[['a', 'b']] * by + x{m}",
    "part{n} = df[df['a'] > {n} / 1000]\nmeans{n} = part{n}['b'].mean()",
    "df['c{k}'] = df['a'] * {n} + df['b']",
    "results.append({{'cell': {n}, 'value': float(df['a'].iloc[{k}])}})",
    "for value in range({n}):\n    if value % 7 == 3:\n        y{n} = value\nelse:\n    y{n} = None",
    "grouped{n} = df.groupby('group')['a'].mean()",
    "try:\n    settings{n} = json.loads('{{\"depth\": {n}}}')\nexcept ValueError as no:\n    settings{n} = str(no)",
    "best{n} = max(results, key=lambda entry: entry['value'], default=None)\nprint(best{n})",
    "class Config{n}:\n    depth = {n}\n\n    def describe(self):\n        return f'{{self.depth}} {{len(results)}}'",
    "text{n} = ', '.join(f'{{key}}={{value:.3f}}' for key, value in df[['a', 'b']].mean().items())",
    "df.head({k})",
)


def notebook(count: int) -> list[tuple[str, str]]:
    """``count`` cells, each an id and a source; they run from top to bottom, any number of times."""
    cells = [("cell-0", FIRST)]
    for number in range(1, count):
        source = KINDS[(number - 1) % len(KINDS)]
        # x is written by the first kind, the cell before the second.
        cells.append((f"cell-{number}", source.format(n=number, m=number - 1, k=number % 5 + 1)))
    return cells
