"""Which seeds a cell sets: the forms people write, and what only looks like one."""

import importlib
import random
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_magics.capture.notebook.seeds import LONGEST, seeds_in

SEEDED = {
    "np.random.seed(7)": ("numpy.random.seed(7)",),
    "import numpy\nnumpy.random.seed( 7 )  # lucky": ("numpy.random.seed(7)",),
    "from numpy import random as r\nr.seed(3)": ("numpy.random.seed(3)",),
    "from numpy.random import seed\nseed(3)": ("numpy.random.seed(3)",),
    "import random\nrandom.seed('a')": ("random.seed('a')",),
    "rng = np.random.default_rng(7)": ("numpy.random.default_rng(7)",),
    "rng = np.random.default_rng(seed=7)": ("numpy.random.default_rng(seed=7)",),
    "from numpy.random import default_rng as make\nrng = make([1, 2])": ("numpy.random.default_rng([1, 2])",),
    "rng = default_rng(5)": ("default_rng(5)",),
    "r = np.random.RandomState(0)": ("numpy.random.RandomState(0)",),
    "import torch\ntorch.manual_seed(1); torch.cuda.manual_seed_all(1)": (
        "torch.manual_seed(1)",
        "torch.cuda.manual_seed_all(1)",
    ),
    "g = torch.Generator().manual_seed(4)": ("torch.Generator().manual_seed(4)",),
    "tf.random.set_seed(2)": ("tensorflow.random.set_seed(2)",),
    "import keras\nkeras.utils.set_random_seed(812)": ("keras.utils.set_random_seed(812)",),
    "import lightning as L\nL.seed_everything(9, workers=True)": ("lightning.seed_everything(9, workers=True)",),
    "key = jax.random.PRNGKey(0)": ("jax.random.PRNGKey(0)",),
    "model = SVC(random_state=7).fit(X, y)": ("random_state=7",),
    "pipe.set_params(forest__random_state=3)": ("random_state=3",),
    "train_test_split(X, y, random_state=SEED)": ("random_state=SEED",),
    "params = {'objective': 'binary', 'seed': 11}": ("seed=11",),
    "config['seed'] = 12": ("seed=12",),
    "env.reset(seed=5)": ("seed=5",),
    "SEED = 42\nRANDOM_STATE: int = 1": ("SEED = 42", "RANDOM_STATE = 1"),
    "cfg.seed = 3": ("cfg.seed = 3",),
    "import os\nos.environ['PYTHONHASHSEED'] = '0'": ("PYTHONHASHSEED=0",),
    "os.environ.update(PYTHONHASHSEED='1')": ("PYTHONHASHSEED=1",),
    "import os\nos.environ.setdefault('PYTHONHASHSEED', '2')": ("PYTHONHASHSEED=2",),
    "%env PYTHONHASHSEED=3": ("PYTHONHASHSEED=3",),
    "%%time\nnp.random.seed(1)\nx = fit(X)": ("numpy.random.seed(1)",),
    "%matplotlib inline\nnp.random.seed(1)": ("numpy.random.seed(1)",),
    "def seed_all(n):\n    random.seed(n)\n    np.random.seed(n)\nseed_all(3)": (
        "random.seed(n)",
        "numpy.random.seed(n)",
    ),
    "a = SVC(random_state=1); b = SVC(random_state=1); np.random.seed(1)": ("random_state=1", "numpy.random.seed(1)"),
    "x = await go(seed=1)": ("seed=1",),
}
SEEDLESS = (
    "",
    "x = 1",
    "rng = np.random.default_rng()",
    "rng = np.random.default_rng(None)",
    "random.seed()",
    "np.random.seed(None)",
    "SVC(random_state=None)",
    "'np.random.seed(7)'",
    "# np.random.seed(7)",
    "np.random.normal(size=3)",
    "seeds = ['sunflower', 'flax']",
    "def fit(X, seed=None):\n    pass",
    "seed = rng.integers(10)",
    "use_seed = True",
    "{'seed': name}",
    "this is no Python, seed = 3 or what",
    "%%bash\nexport SEED=1",
    "os.environ['HOME'] = 'seed'",
)


@pytest.mark.parametrize(("source", "seeds"), SEEDED.items())
def test_a_seed_is_seen_in_every_form(source, seeds):
    assert seeds_in(source) == seeds


@pytest.mark.parametrize("source", SEEDLESS)
def test_what_only_looks_like_a_seed_is_none(source):
    assert seeds_in(source) == ()


def test_a_module_under_a_name_of_ones_own_is_known_by_the_namespace():
    namespace = {"chance": random, "x": 3}
    assert seeds_in("chance.seed(1)", user_ns=namespace) == ("random.seed(1)",)
    assert seeds_in("chance.seed(1)") == ("chance.seed(1)",)


def test_the_namespace_is_asked_for_the_names_of_the_cell_only():
    class Strange(types.ModuleType):
        @property
        def __name__(self):
            raise RuntimeError("nobody should ask")

    assert seeds_in("np.random.seed(1)", user_ns={"other": Strange("x")}) == ("numpy.random.seed(1)",)


def test_an_endless_call_is_cut():
    (text,) = seeds_in(f"np.random.seed([{', '.join(map(str, range(1000)))}])")
    assert len(text) == LONGEST
    assert text.endswith("…")


@given(st.integers(0, 2**32 - 1))
def test_a_seed_that_is_told_can_be_said_again(number):
    (text,) = seeds_in(f"import random as r\nr.seed({number})")
    assert text == f"random.seed({number})"
    importlib.import_module("random")
    exec(text, {"random": random})
    first = random.random()
    random.seed(number)
    assert random.random() == first


@given(st.text())
def test_no_text_is_too_strange(source):
    assert isinstance(seeds_in("seed " + source), tuple)


def test_an_endless_sum_is_no_obstacle():
    assert seeds_in(f"x = {' + '.join(['1'] * 2500)}\nmodel = SVC(random_state=1)") == ("random_state=1",)
