"""Which files cells write, read and remove, and who took what from whom."""

import pytest

from mlops_magics.capture.notebook.files import FileFlow, concerns
from mlops_magics.capture.notebook.flow import providers, stands_on

IMPORTS = """import duckdb, glob, joblib, json, numpy as np, os, pandas as pd, pickle, polars as pl, shutil, torch
import matplotlib.pyplot as plt
from pathlib import Path"""


def took(executed, *sources):
    """Of the last execution: files by the cell that made them what they are."""
    runs = executed(*((f"c{place}", source) for place, source in enumerate((IMPORTS, *sources))))
    return FileFlow(runs).taken[-1]


@pytest.mark.parametrize(
    ("writes", "reads"),
    [
        ("df.to_csv('x')", "pd.read_csv('x')"),
        ("df.to_csv(path_or_buf='./x')", "pd.read_csv(filepath_or_buffer='x')"),
        ("df.dropna().to_parquet('x', index=False)", "pd.read_parquet('x')"),
        ("df.to_json('x')", "with open('x') as file:\n    json.load(file)"),
        ("df.to_pickle('x')", "Path('x').read_bytes()"),
        ("frame.write_parquet('x')", "pl.scan_parquet('x').collect()"),
        ("joblib.dump(model, 'x')", "joblib.load('x')"),
        ("from joblib import dump\ndump(model, 'x')", "from joblib import load\nload('x')"),
        ("with open('x', 'w') as file:\n    file.write(text)", "open('x').read()"),
        ("with open('x', mode='wb') as file:\n    pickle.dump(model, file)", "pickle.load(open('x', 'rb'))"),
        ("Path('x').write_text(text)", "Path('x').read_text()"),
        ("with Path('x').open('w') as file:\n    file.write(text)", "Path('x').open().read()"),
        ("shutil.copy('raw.csv', 'x')", "pd.read_csv('x')"),
        ("os.rename('raw.csv', 'x')", "pd.read_csv('x')"),
        ("duckdb.sql(\"COPY df TO 'x' (FORMAT parquet)\")", "duckdb.sql(\"SELECT count(*) FROM 'x'\").df()"),
        ("con.execute('''copy (select 1)\nto 'x' ''')", "con.sql('''from read_csv('x')''')"),
        ("torch.save(net.state_dict(), 'x')", "net.load_state_dict(torch.load('x'))"),
        ("plt.savefig('x')", "!cat x"),
        ("fig.savefig('x', dpi=90)", "upload('x')"),
        ("%%writefile x\nsome text", "open('x').read()"),
        ("!sort names > x", "open('x').read()"),
        ("!curl -s https://example.com -o y; mv y x", "pd.read_csv('x')"),
        ("name = 'x'\ndf.to_csv(name)", "pd.read_csv(name)"),
        ("def save(frame, to='x'):\n    frame.to_csv(to)\nsave(df)", "pd.read_csv('x')"),
        ("def load(place):\n    return pd.read_csv(place)\ndf.to_csv('x')", "load('x')"),
        ("class Study:\n    def keep(self, to):\n        df.to_csv(to)\nStudy().keep('x')", "pd.read_csv('x')"),
        ("df.to_csv('x')", "frames = map(pd.read_csv, ['w', 'x'])"),
        ("df.to_csv('x')", "if os.path.exists('x'):\n    done = True"),
    ],
)
def test_what_is_written_is_read(writes, reads, executed):
    assert took(executed, "other = 1", writes, "df.to_csv('z')", reads) == {'"x"': (2,)}


def test_arrays_get_their_ending(executed):
    assert took(executed, "np.save('a', x)", "np.load('a.npy')") == {'"a.npy"': (1,)}
    assert took(executed, "np.savez('a.npz', x=x)", "np.load('a.npz')") == {'"a.npz"': (1,)}


def test_a_module_that_was_written_is_imported(executed):
    assert took(executed, "%%writefile features.py\nx = 1", "from features import x") == {'"features.py"': (1,)}


def test_paths_are_told_by_texts_that_names_stand_for(executed):
    names = "folder, version = 'out', 3\npath = Path(folder) / f'model-{version}.joblib'"
    assert took(executed, names, "joblib.dump(m, path)", "joblib.load('out/model-3.joblib')") == {
        '"out/model-3.joblib"': (2,)
    }
    assert took(executed, names, "joblib.dump(m, path)", "!ls $folder") == {'"out/model-3.joblib"': (2,)}
    loop = "for month in (1, 2):\n    df.to_csv(f'm/{month}.csv')"
    assert took(executed, loop, "pd.read_csv('m/2.csv')") == {'"m/2.csv"': (1,)}
    assert took(executed, loop, "pd.concat(map(pd.read_csv, glob.glob('m/*.csv')))").keys() == {
        '"m/1.csv"',
        '"m/2.csv"',
    }
    unknown = "for month in months:\n    df.to_csv(f'm/{month}.csv')"
    assert took(executed, unknown, "pd.read_csv('m/2.csv')") == {'"m/{month}.csv"': (1,)}
    assert took(executed, "df.to_csv(place)", "pd.read_csv(place)") == {'"{place}"': (1,)}
    assert took(executed, "df.to_csv(place)", "pd.read_csv(other)") == {}


def test_the_newest_writer_and_all_who_added_since(executed):
    adds = "with open('x', 'a') as file:\n    file.write(text)"
    reads = "open('x').read()"
    assert took(executed, "df.to_csv('x')", "df.to_csv('x')", adds, adds, reads) == {'"x"': (2, 3, 4)}
    assert took(executed, adds, "df.to_csv('x')", reads) == {'"x"': (2,)}
    assert took(executed, "df.to_sql('t', con)", "pd.read_sql('select * from t', con)") == {'"{con}"': (1,)}


def test_what_a_cell_writes_itself_it_takes_from_nobody(executed):
    assert took(executed, "df.to_csv('x')", "df.to_csv('x')\npd.read_csv('x')") == {}
    assert took(executed, "df.to_csv('x')", "pd.read_csv('x').to_csv('x')") == {'"x"': (1,)}


def test_folders(executed):
    makes = "os.makedirs('out/deep', exist_ok=True)"
    assert took(executed, makes, "df.to_csv('out/deep/x.csv')") == {'"out/deep"': (1,)}
    assert took(executed, "Path('out').mkdir()", "for p in Path('out').iterdir(): print(p)") == {'"out"': (1,)}
    made = "path = Path('out') / 'x.csv'\npath.parent.mkdir(exist_ok=True)"
    assert took(executed, made, "df.to_csv(path)") == {'"out"': (1,)}
    assert took(executed, "!mkdir -p out", "df.to_csv('out/x.csv')") == {'"out"': (1,)}
    assert took(executed, "tuner.save_pretrained('best')", "load('best/config.json')") == {'"best"': (1,)}


def test_removed(executed):
    """Who looks at what was removed stands on the removal; who writes it anew does not."""
    removes = ("os.remove('x')", "Path('x').unlink(missing_ok=True)", "!rm -f x", "%rm x", "shutil.move('x', 'y')")
    for remove in removes:
        assert took(executed, "df.to_csv('x')", remove, "Path('x').exists()") == {'"x"': (2,)}, remove
        assert took(executed, "df.to_csv('x')", remove, "df.to_csv('x')", "open('x')") == {'"x"': (3,)}, remove
        assert took(executed, "df.to_csv('x')", "df.to_csv('z')", remove) == {'"x"': (1,)}, remove
    assert took(executed, "df.to_csv('out/x')", "shutil.rmtree('out')", "glob.glob('out/*')")['"out/x"'] == (2,)
    looks = "Path('out/x.csv').exists()"
    assert took(executed, "df.to_csv('out/x.csv')", "!rm out/*.csv", looks)['"out/x.csv"'] == (2,)


def test_a_failed_cell_wrote_what_nobody_else_did(executed):
    runs = [("a", "df.to_csv('x')"), ("b", "df.to_csv('x')\ndf.to_csv('y')\n1 / 0", "error"), ("c", "f('x', 'y')")]
    assert FileFlow(executed(*runs)).taken[-1] == {'"x"': (0,), '"y"': (1,)}


def test_what_is_no_file(executed):
    sources = ("df.to_json()", "buffer.write('x')", "df.query(\"a == 'x'\")", "text.replace('x', 'y')", "print('x')",
               "place = Path('x')", "!echo x", "df.rename(columns={'x': 'y'})", "%%html\nx", "x.save()", "open()",
               "json.dump(x, file)", "!'", "df.to_csv('')")  # fmt: skip
    for source in sources:
        assert took(executed, "df.to_csv('x')", source) == {}, source
        assert FileFlow(executed(("a", source))).made == [frozenset()] or "file" in source, source


def test_places_that_concern_each_other():
    assert concerns("m/*.csv", "m/1.csv")
    assert concerns("m/1.csv", "m/{month}.csv")
    assert concerns("m/**/1.csv", "m/a/b/1.csv")
    assert not concerns("m/*.csv", "m/a/1.csv")
    assert not concerns("{a}", "m/1.csv")
    assert not concerns("m1", "m")


def test_a_cell_stands_on_files_too(executed):
    runs = executed(("a", "df = load()"), ("b", "df.to_csv('x.csv')"), ("c", "df.to_csv('y.csv')"), ("d", "import os"),
                    ("e", "os.remove('y.csv')"), ("f", "auc = pd.read_csv('x.csv').a.mean()"))  # fmt: skip
    assert stands_on(runs, [5]) == (0, 1, 5)
    assert providers(runs)[5] == {1: {'"x.csv"'}}
    assert providers(runs)[1] == {0: {"df"}}
