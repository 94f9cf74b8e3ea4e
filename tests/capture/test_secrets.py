"""What looks like a secret never gets into a store; what does not stays as it is."""

import ast
import random
import string
import time
import warnings
from pathlib import Path

import IPython.core.magics
import pytest
import sklearn.feature_extraction
from hypothesis import example, given
from hypothesis import strategies as st

import mlops_magics
from mlops_magics.capture.code_or_text import is_python
from mlops_magics.capture.secret_names import is_placeholder, strength
from mlops_magics.capture.secrets import mask

LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def drawn(seed: int, kind: str) -> str:
    """A secret of a kind. No file of this repository holds one that a scanner could take for real."""
    pick = random.Random(f"{kind} {seed}")

    def letters(count: int, alphabet: str = LETTERS) -> str:
        # A digit and both cases, as in every real one of this length.
        return "".join(pick.choices(alphabet, k=count - 3)) + ("a1f" if alphabet == HEX else "aZ7")

    upper = "".join(pick.choices(string.ascii_uppercase + "234567", k=16))
    kinds = {
        "any": lambda: "".join(pick.choices(LETTERS + "!#+,.:;=?^_~ |&%", k=pick.randint(3, 20))) + "q",
        "word": lambda: "".join(pick.choices(LETTERS + "!#+.:?^_~|", k=pick.randint(5, 20))) + "q7",
        "random": lambda: letters(pick.randint(8, 40)),
        "hex": lambda: letters(40, HEX),
        "aws": lambda: pick.choice(["AKIA", "ASIA"]) + upper,
        "google": lambda: "AIza" + letters(35),
        "github": lambda: "gh" + pick.choice("pousr") + "_" + letters(36),
        "github_fine": lambda: "github_pat_" + letters(22) + "_" + letters(59),
        "gitlab": lambda: "glpat-" + letters(20),
        "slack": lambda: "xoxb-" + letters(24),
        "openai": lambda: "sk-" + letters(48),
        "openai_project": lambda: "sk-proj-" + letters(40),
        "anthropic": lambda: "sk-ant-api03-" + letters(60),
        "huggingface": lambda: "hf_" + letters(34),
        "databricks": lambda: "dapi" + letters(32, HEX),
        "stripe": lambda: "sk_live_" + letters(24),
        "npm": lambda: "npm_" + letters(36),
        "pypi": lambda: "pypi-AgEIcHlwaS5vcmc" + letters(60),
        "jwt": lambda: f"eyJ{letters(20)}.eyJ{letters(40)}.{letters(43)}",
        "sendgrid": lambda: f"SG.{letters(22)}.{letters(43)}",
        "telegram": lambda: f"{pick.randint(10**8, 10**10 - 1)}:AA{letters(33)}",
        "kaggle": lambda: letters(32, HEX),
        "oauth": lambda: "ya29." + letters(60),
        "long": lambda: letters(68),
        "lower": lambda: "".join(pick.choices(string.ascii_lowercase, k=30)),
        "slack_hook": lambda: f"T{upper[:10]}/B{upper[:10]}/{letters(24)}",
        "slack_app": lambda: f"xapp-1-{letters(40)}",
        "google_client": lambda: "GOCSPX-" + letters(28),
        "azure_client": lambda: f"{letters(3)}8Q~{letters(34)}",
    }
    return kinds[kind]()


POSITIVE = [
    # told by their look, wherever they are
    ('client = boto3.client("s3", aws_access_key_id="§")', "aws"),
    ("maps = gmaps.Client('§')", "google"),
    ("!git clone https://§@github.com/me/private.git", "github"),
    ("# remember: §", "github"),
    ("x = '§'", "github_fine"),
    ("%env CI=§", "gitlab"),
    ('slack = WebClient("§")', "slack"),
    ("OpenAI('§')", "openai"),
    ('OpenAI("§")', "openai_project"),
    ("AuthenticationError: Incorrect API key provided: §. You can find your API key at …", "openai"),
    ("llm = ChatAnthropic(model='claude', k=f'§')", "anthropic"),
    ("login('§')", "huggingface"),
    ("!huggingface-cli login --token §", "huggingface"),
    ("spark.read.table('x')  # §", "databricks"),
    ('stripe.x = """§"""', "stripe"),
    ("//registry.npmjs.org/:_a=§", "npm"),
    ("!twine upload -u __token__ -p § dist/*", "pypi"),
    ('cookies = {"session": "§"}', "jwt"),
    ("SendGridAPIClient('§')", "sendgrid"),
    ("creds = Credentials('§')", "oauth"),
    ("creds = Credentials('§')", "google_client"),
    ("creds = ClientSecretCredential(tenant, client, '§')", "azure_client"),
    ("app = SocketMode('§')", "slack_app"),
    ("!curl -d '{}' https://hooks.slack.com/services/§", "slack_hook"),
    ('requests.post("https://discord.com/api/webhooks/123456789012345678/§", json={})', "long"),
    ("!git clone https://§@git.example.org/me/private.git", "hex"),
    ('pd.read_csv("https://x.s3.amazonaws.com/f.csv?X-Amz-Signature=§&X-Amz-Expires=60")', "hex"),
    # headers and addresses
    ('requests.get(url, headers={"Authorization": "§"})', "random"),
    ('requests.get(url, headers={"X": "Bearer §"})', "random"),
    ('!curl -H "Authorization: Bearer §" https://api.example.org', "random"),
    ("!curl -u me:§ https://api.example.org", "random"),
    ('engine = create_engine("postgresql+psycopg://me:§@db.example.org:5432/flights")', "random"),
    ("redis.from_url('redis://:§@localhost:6379/0')", "random"),
    ("OperationalError: could not connect to mysql://me:§@10.0.0.1/x", "random"),
    ('pd.read_csv("https://x.blob.core.windows.net/c/f.csv?sv=2024&sig=§&se=2026")', "hex"),
    ('pd.read_json(f"https://api.example.org/v1?q={q}&api_key=§")', "random"),
    ("con.sql(\"ATTACH 'host=db user=me password=§ dbname=x' AS pg (TYPE postgres)\")", "random"),
    ("con.sql(\"CREATE SECRET s (TYPE s3, KEY_ID 'me', SECRET '§', REGION 'eu')\")", "any"),
    ("con.execute(\"ALTER USER me PASSWORD '§'\")", "any"),
    ('conn = "Driver=ODBC;Server=db;UID=me;PWD=§;"', "random"),
    ('conn = "DefaultEndpointsProtocol=https;AccountName=me;AccountKey=§;EndpointSuffix=x"', "random"),
    ('requests.get(url, auth=("me", "§"))', "any"),
    ("requests.get(url, auth=HTTPBasicAuth(user, '§'))", "any"),
    ('smtp.login("me@example.org", "§")', "any"),
    ("wandb.login(key='§')", "hex"),
    ("!wandb login §", "hex"),
    # told by their name, in code
    ('password = "§"', "any"),
    ("password: str = '§'", "any"),
    ('def connect(user, password="§"): ...', "any"),
    ('def connect(user, *, password="§"): ...', "any"),
    ('connect("db", user="me", passwd = "§", timeout=10)', "any"),
    ('config = {"user": "me", "password": "§", "port": 5432}', "any"),
    ("config['db']['password'] = '§'", "any"),
    ('os.environ["KAGGLE_KEY"] = "§"', "any"),
    ("os.environ.setdefault('AWS_SECRET_ACCESS_KEY', '§')", "any"),
    ('key = os.getenv("OPENAI_API_KEY", "§")', "any"),
    ('key = os.environ.get("OPENAI_API_KEY", "§")', "any"),
    ('Setting("password", value="§")', "any"),
    ('spark.conf.set("fs.azure.account.key.me.dfs.core.windows.net", "§")', "any"),
    ('df = spark.read.option("user", "me").option("password", "§").load()', "any"),
    ('openai.api_key = "§"', "any"),
    ('apiKey = "§"; secretKey = 1', "any"),
    ('API_KEY = (\n    "§"\n)', "any"),
    ('hf_token = "§"', "any"),
    ('token = "§"', "random"),
    ('token = "§"', "lower"),
    ('client_secret=b"§"', "any"),
    ('if password == "§": pass', "any"),
    ('if "§" == password: pass', "any"),
    ('api_keys = {"me": "§"}', "any"),
    ('passwords = ["§"]', "any"),
    ("PASSPHRASE = r'§'", "any"),
    ('db.connect(private_key="""§""")', "any"),
    ('# api_key = "§"', "random"),
    ("# the password is: password=§", "word"),
    ('json.loads("{\\"password\\": \\"§\\"}")', "word"),
    ('json.loads(\'{"api_key": "§"}\')', "any"),
    ("%env API_KEY=§", "random"),
    ("%set_env HF_TOKEN §", "random"),
    ("%%bash\nexport DB_PASSWORD=§\npython train.py", "random"),
    ("!mysql --user me --password=§ < x.sql", "random"),
    ("!train --api-key § --epochs 3", "random"),
    ("%%writefile .env\nAPI_KEY=§\nDEBUG=1", "random"),
    # told by their name, in code that says it in another way
    ("user, password = 'me', '§'", "any"),
    ('PASSWORD, USER = "§", "me"', "any"),
    ('(user, (host, password)) = ("me", ("db", "§"))', "any"),
    ('user, *rest, password = "me", 1, 2, "§"', "any"),
    ('setattr(cfg, "password", "§")', "any"),
    ('params=[("api_key", "§")]', "random"),
    ('headers.append(("x-api-key", "§"))', "random"),
    ('client.set_token("§")', "random"),
    ('user.set_password("§")', "any"),
    ('keyring.set_password("system", "me", "§")', "any"),
    ('password = input() or "§"', "any"),
    ('password = "§" if is_local else getpass()', "any"),
    ('password = getpass() if is_local else "§"', "any"),
    ('password = (typed := "§")', "any"),
    ('passwords = [*["§"], *others]', "any"),
    ('API_KEY = f"§"', "any"),
    ('secret = SecretStr("§")', "any"),
    ('password = "§".encode()', "any"),
    ('if (password := "§"): pass', "any"),
    ("f = lambda password='§': password", "any"),
    ('parser.add_argument("--password", default="§")', "any"),
    ('pw = "§"', "random"),
    ('PASS = "§"', "random"),
    ('connect(user="me", pw="§")', "random"),
    ('access_key = "§"', "random"),
    ('license_key = "§"', "random"),
    ('π = "é"; user, password = "ü", "§"', "any"),
    # programs of a shell, and bots
    ("!sshpass -p § ssh me@example.org", "random"),
    ("!sshpass -p '§' ssh me@example.org", "random"),
    ("!mysql -u me -p§ flights < x.sql", "random"),
    ("%%bash\nmysqldump -h db -p§ flights", "random"),
    ("%%bash\nexport PASS=§", "random"),
    ('bot = Bot("§")', "telegram"),
    ('requests.get("https://api.telegram.org/bot§/getMe")', "telegram"),
    ('{"username": "me", "key": "§"}', "kaggle"),
    ("!echo '{\"username\":\"me\",\"key\":\"§\"}' > kaggle.json", "kaggle"),
    # told by their name, in text
    ("connection to db failed: FATAL: host=db user=me password=§", "random"),
    ("diff --git a/.env b/.env\n@@ -1 +1 @@\n-DB_PASSWORD=\n+DB_PASSWORD=§", "random"),
    ("diff --git a/c.yaml b/c.yaml\n@@ -1 +1 @@\n db:\n+  password: §\n", "random"),
    ("diff --git a/c.toml b/c.toml\n@@ -1 +1 @@\n+api_key = '§'", "any"),
    ("diff --git a/c.ini b/c.ini\n@@ -1 +1 @@\n+secret_key = §", "random"),
    ('diff --git a/c.py b/c.py\n@@ -1 +1 @@\n-    password="§",\n+    password=os.environ["PW"],', "any"),
]
"""Text with § for a secret, and what kind of secret: exactly that is masked."""

NEGATIVE = [
    'tokenizer="bert"',
    "token=tokenizer('x')",
    "max_tokens=100",
    "max_tokens: int = 100",
    "random_state=7",
    'token = os.environ["HF_TOKEN"]',
    "token = os.environ.get('HF_TOKEN')",
    "password = getpass()",
    'password = getpass("Password: "); name = "x"',
    "password = getpass('Password for me@db: ')",
    'password = input("password = ") + "x"',
    "connect(password=password, token=token)",
    "connect(password=pw1234)",
    "password = ''",
    'password = "***"',
    'password = "DB_PASSWORD"',
    'api_key = settings.read("OPENAI_API_KEY")',
    "password = None",
    'api_key = "<your key>"',
    "api_key = 'YOUR_API_KEY'",
    'api_key = "your-key-here"',
    "api_key=f'{key}'",
    'token = "${HF_TOKEN}"',
    'url = "x?token=" + token + "&b="',
    "url = f'https://api.example.org?token={token}&x=1'",
    "url = 'postgresql://{}:{}@db'.format(user, password)",
    'engine = create_engine(f"postgresql://{user}:{password}@db/x")',
    'requests.get(url, headers={"Authorization": f"Bearer {token}"})',
    'requests.get("http://localhost:8080/a@b")',
    '"https://example.org:443/x", "me@example.org"',
    "git clone git@github.com:me/x.git",
    "git clone ssh://git@github.com/me/x.git",
    'sha = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    "commit = '9e67f26c2b8d4f6a1c3e5f7a9b0d2e4f6a8c0e1f'",
    'run_id = "0193f0c2-7a3b-7cde-8f01-23456789abcd"',
    'tokenizer.pad_token = "[PAD]"',
    'tokenizer.pad_token = tokenizer.eos_token = "<|endoftext|>"',
    "eos_token='</s>'",
    "if token == 'the1quick2Brown': pass",
    'token = "the"',
    "token = 'gpt2'",
    "password = f'{user}-{salt}x'",
    "tokens = ['the', 'quick1Brown']",
    'df["token"] = "noun"',
    "for token in ['a', 'b']: pass",
    'token_pattern=r"(?u)\\b\\w\\w+\\b"',
    "password_file = '/run/secrets/db'",
    'token_type = "bearer1Token2"',
    "secret_name = 'prod/db/Flights1'",
    'df.sort_values(key=lambda x: x, by="password")',
    "df.merge(right, on='key', how='left')",
    'pivot(index="key", columns="token")',
    'foreign_key = "flights.id1"',
    "primary_key='carrierA1'",
    "cache_key = '9f86d081884c7d659a2feaa0c55ad015'",
    "keys = ['a1B2c3d4', 'b']",
    'x = {"key": "abcdefgh1", "value": 3}',
    "schema = {'ssn': 'text', 'password': 'string'}",
    'parser.add_argument("--token", "-t", help="an access token")',
    'parser.add_argument("--password", default=None)',
    'FATAL: password authentication failed for user "me"',
    "SyntaxError: unexpected token '<'",
    "# the token is passed on, its secret is not; a key: value store",
    "import secrets\nsecrets.token_hex(16)",
    "from sklearn.feature_extraction.text import TfidfVectorizer  # sk-learn-contrib-is-a-long-name",
    "%env OMP_NUM_THREADS=1",
    "!pip install scikit-learn==1.9.0 --index-url https://example.org/simple",
    "bearer = classify(Basic, Bearer)",
    "Bearer authentication is required",
    'dbutils.secrets.get(scope="ml", key="db-password")',
    "userdata.get('HF_TOKEN')",
    "password = keyring.get_password('system', 'username1A')",
    "author = ('me', 'you')",
    "X, y = load_iris(return_X_y=True)",
    "pwd = '/home/data'",
    "@property\ndef password(self) -> str: ...",
    'dtype={"key": "category", "secret": "float64"}',
    'schema = {"password": pl.String, "token": "datetime64[ns]", "secret": "Int64"}',
    'license_key="MIT"',
    'secret_word="apple"',
    "secret_number = 4217",
    'access_key="col"',
    "join(left, right, shared_key='customer_id')",
    "PASS, FAIL = 'pass', 'fail'",
    'PASS = "ok"',
    'low_pass = "butterworth4"',
    "user, password = load()",
    "user, password = 'me', getpass()",
    "password, user = getpass(), 'me'",
    'setattr(cfg, "password", getpass())',
    'tagged = [("secret", "NN"), ("password", "NOUN"), ("key", "JJ")]',
    'columns = [("password", "secret"), ("token", "lemma")]',
    'client.set_token(token); client.set_token("default")',
    'tokenizer.add_token("[PAD]"); tokenizer.set_pad_token("<|endoftext1A|>")',
    'password = input("password 1A2b3c4: ") or getpass()',
    "!sshpass -p $PASS ssh me@example.org",
    "!mysql -u me -p flights -P 3306",
    "!mysql -u me -p{pw} flights",
    'version = "1234567:AA"',
    '{"username": "me", "key": "name"}',
    "for pw in pws: pass",
    "class Login:\n    password: str\n    token: Optional[str] = None",
    "match = password or token",
    "diff --git a/x.py b/x.py\n@@ -1 +1 @@\n-    connect(password=pw1)\n+    connect(password=pw2, token=t3)",
]


@pytest.mark.parametrize(("template", "kind"), POSITIVE, ids=range(len(POSITIVE)))
def test_a_secret_is_masked_and_nothing_else(template, kind) -> None:
    for seed in range(12):
        secret = drawn(seed, kind)
        text = template.replace("§", secret)
        expected = template.replace("§", "***")
        assert mask(text) == expected, text
        if not text.startswith("%%"):
            assert mask(f"import os\n\n{text}\nx = 1") == f"import os\n\n{expected}\nx = 1"


@pytest.mark.parametrize("text", NEGATIVE)
def test_what_is_no_secret_stays(text) -> None:
    assert mask(text) == text
    assert mask(f"import os\n\n{text}\nx = 1\n") == f"import os\n\n{text}\nx = 1\n"


def test_there_are_enough_cases() -> None:
    assert len(POSITIVE) >= 40
    assert len(NEGATIVE) >= 40
    assert len({*POSITIVE, *NEGATIVE}) == len(POSITIVE) + len(NEGATIVE)


def test_all_of_them_together() -> None:
    """Nothing a cell says elsewhere hides a secret, or makes one of what is none."""
    pieces = [(template, drawn(3, kind)) for template, kind in POSITIVE if is_python(template)]
    pieces += [(text, "") for text in NEGATIVE if is_python(text)]
    random.Random(7).shuffle(pieces)
    text = "\n\n".join(template.replace("§", secret) for template, secret in pieces)
    assert mask(text) == "\n\n".join(template.replace("§", "***") for template, _ in pieces)


BLOCK = "-----BEGIN {0}PRIVATE KEY-----\n{1}\n-----END {0}PRIVATE KEY-----"


def key_lines(count: int, last: int) -> list[str]:
    pick = random.Random(count)
    alphabet = LETTERS + "+/"
    return ["M" + "".join(pick.choices(alphabet, k=size - 1)) for size in [*[64] * count, last]]


@pytest.mark.parametrize("frame", ["", "RSA ", "OPENSSH ", "EC "])
@pytest.mark.parametrize("last", [2, 20, 63])
def test_private_key_blocks(frame, last) -> None:
    lines = key_lines(5, last)
    block = BLOCK.format(frame, "\n".join(lines))
    hidden = BLOCK.format(frame, "\n".join(["***"] * 6))
    for text, expected in (
        (block, hidden),
        (f'key = """{block}\n"""', f'key = """{hidden}\n"""'),
        ('x("' + block.replace("\n", "\\n") + '\\n")', 'x("' + hidden.replace("\n", "\\n") + '\\n")'),
        ("+" + block.replace("\n", "\n+"), "+" + hidden.replace("\n", "\n+")),
    ):
        assert mask(text) == expected
        assert not any(line in mask(text) for line in lines if len(line) > 2)


def test_a_key_that_is_cut_off_and_the_code_around_one() -> None:
    lines = key_lines(3, 10)
    begun = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(lines)
    assert not any(line in mask(begun) for line in lines[:3])
    code = 'key = ("-----BEGIN PRIVATE KEY-----\\n" + body + "\\n-----END PRIVATE KEY-----")\nnext_thing(body)'
    assert mask(code) == code
    public = begun.replace("PRIVATE", "PUBLIC")
    assert mask(public) == public


def test_numbers_become_text_where_they_are_passwords() -> None:
    assert mask("password = 12345678\nport=5432") == 'password = "***"\nport=5432'
    assert mask("f(pwd=1234)") == 'f(pwd="***")'
    assert mask("secret_length = 4096; password = 0") == "secret_length = 4096; password = 0"


def test_literals_that_belong_together() -> None:
    assert mask('password = "abc" "def"') == 'password = "***" "***"'
    assert mask('password = ("abc"\n    "def")') == 'password = ("***"\n    "***")'
    assert mask('password = "abc"\n"""A docstring."""') == 'password = "***"\n"""A docstring."""'
    assert mask("x = dict(password='a1b', name='c')") == "x = dict(password='***', name='c')"


def test_literals_that_are_added_and_formatted() -> None:
    assert mask('token = "hunter2" + "rest"') == 'token = "***" + "***"'
    assert mask('API_KEY = f"abc{1}hunter2xyz"') == 'API_KEY = f"***"'
    assert mask("password = f'abc{x}' f\"hunter2{y!r}xyz1\"") == "password = f'***' f\"***\""
    assert mask('password = prefix + "hunter2abcd" + "-"') == 'password = prefix + "***" + "-"'
    assert mask('token = "the " + word') == 'token = "the " + word'
    assert mask("user, pw = 'me', 'x1y2z3'; a, b = 'me', 'x1y2z3'") == "user, pw = 'me', '***'; a, b = 'me', 'x1y2z3'"


def test_a_mistake_in_a_cell_does_not_hide_what_the_rest_says() -> None:
    cell = "user, password = '{}', '{}'\nx = 3 3"
    assert "hunter2Secret" not in mask(cell.format("me", "hunter2Secret"))
    assert mask("password: hunter2\n- x: [") == "password: ***\n- x: ["


def test_a_long_cell_is_read_where_a_name_is() -> None:
    """Beyond a few thousand characters, statements are parsed alone."""
    filler = "for row in rows:\n    total += row.value\nelse:\n    done = True\n" * 200
    secret = "def connect():\n    user, password = 'me', 'hunter2Secret'\n    return user\n"
    hidden = secret.replace("hunter2Secret", "***")
    text = '"""A text.\nwith lines\n"""\n'
    assert mask(filler + text + secret + filler) == filler + text + hidden + filler
    broken = "%time x = 1\n" + filler + "!mysql -phunter2\nuser, password = 'me', 'hunter2'\n"
    assert mask(broken).endswith("!mysql -p***\nuser, password = 'me', '***'\n")


def test_lines_are_counted_as_before() -> None:
    for text in ('password = """a\nb\n\nc"""\nx = 1', 'password = "a\\\nb"\nx = 1', "+secret = '''a\n+b'''\n+x = 1"):
        masked = mask(text)
        assert masked.count("\n") == text.count("\n")
        assert mask(masked) == masked
    assert mask("+secret = '''a\n+b'''\n+x = 1") == "+secret = '''***\n+'''\n+x = 1"
    ast.parse(mask('password = "a\\\nb"\nx = 1'))


SIGNS = st.sampled_from([*"=:@+!#,()[]{}\"' \n\\", "==", "://", "--", '"""'])
WORDS = st.sampled_from(
    ["password", "token", "api_key", "x", "f", "r", "hunter2", "aB3dE5gH7", "https", "***", "auth=", ".login(", "%env"]
) | st.sampled_from(
    ["é", "\ud800", "İ", "123456", "eyJ", "Bearer ", "-----BEGIN PRIVATE KEY-----", "diff --git a/x b/x.env"]
)


@given(st.lists(SIGNS | WORDS, max_size=40).map("".join) | st.text(max_size=200))
@example('password="\\')
@example("password='''")
@example('%env,")secret://:://=123456==')
def test_masking_twice_is_masking_once(text) -> None:
    masked = mask(text)
    assert mask(masked) == masked
    assert masked.count("\n") == text.count("\n")


NAMES = st.sampled_from(["password", "db_passwd", "API_KEY", "clientSecret", "aws_secret_access_key", "access_token"])
LITERALS = st.text(st.characters(exclude_characters="\\\"'{}", exclude_categories=["C", "Z"]), min_size=3, max_size=60)
FRAMES = st.sampled_from(
    [
        "{name} = {quote}{value}{quote}",
        "f(a, {name}={quote}{value}{quote}, b=1)",
        "x = {{'{name}': {quote}{value}{quote}}}",
        "x['{name}'] = {quote}{value}{quote}",
        "os.environ['{name}'] = {quote}{value}{quote}",
        "class A:\n    {name}: str = {quote}{value}{quote}",
        "if True:\n    self.{name} = (\n        {quote}{value}{quote}\n    )",
    ]
)


QUOTES = st.sampled_from(['"', "'", '"""', "'''"])


@given(FRAMES, NAMES, LITERALS, QUOTES, st.sampled_from(["", "it = \"x's\"  # don't\n"]))
def test_a_planted_literal_never_survives(frame, name, value, quote, before) -> None:
    source = (before + frame).format(name=name, quote=quote, value=value)
    before_parsed = _parsed(source)
    if before_parsed is None or is_placeholder(value):
        return
    masked = mask(source)
    after = _parsed(masked)
    assert after is not None
    assert value not in {node.value for node in ast.walk(after) if isinstance(node, ast.Constant)}
    assert ast.dump(after) == ast.dump(before_parsed).replace(repr(value), repr("***"))


def _parsed(source: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except SyntaxError:
            return None


def sources() -> list[str]:
    """Real code of every style: of this package, of tokens, of magics."""
    folders = [
        Path(module.__file__).parent for module in (mlops_magics, sklearn.feature_extraction, IPython.core.magics)
    ]
    return [file.read_text(encoding="utf-8") for folder in folders for file in sorted(folder.rglob("*.py"))]


def test_real_code_stays_as_it_is() -> None:
    """But lines of this package whose examples show what is masked."""
    changed = []
    for text in sources():
        masked = mask(text)
        assert _parsed(masked) is not None
        assert masked.count("\n") == text.count("\n")
        pairs = zip(text.split("\n"), masked.split("\n"), strict=True)
        changed += [old.strip() for old, new in pairs if old != new and "hunter2" not in old]
    # A password to some, the folder one works in to others: what is called pwd is taken for the worse.
    assert changed == ['"pwd": "IPython.core.magics.osm:OSMagics",']


def test_a_hundred_kilobytes_take_twenty_milliseconds() -> None:
    text = "\n".join(sources())
    text = (text * (100_000 // len(text) + 1))[:100_000]
    best = min(_seconds(text) for _ in range(5))
    assert best < 0.06  # three times what is promised: other things run on the machine, too


LONG = ["password = '", "'''", '"""', "token", "token_", "://a:", "eyJ", "eyJa."]
LONG += ['token="', "-----BEGIN PRIVATE KEY-----\n", "token=(", "token='a1b2c3d4'+", "token=x\n", "mysql ", "1:aa"]


@pytest.mark.parametrize("piece", LONG)
def test_no_text_takes_long(piece) -> None:
    text = piece * (100_000 // len(piece))
    assert _seconds(text) < 3


def _seconds(text: str) -> float:
    began = time.thread_time()
    mask(text)
    return time.thread_time() - began


def test_names() -> None:
    strong = "password DB_PASSWORD dbPassword passwd pwd db_pass client_secret secrets AWS_SECRET_ACCESS_KEY apikey"
    strong += " api-key x-api-key access_token hfToken GITHUB_TOKEN aws_access_key_id KAGGLE_KEY fs.s3a.secret.key"
    none = "tokenizer max_tokens num_tokens token_ids tokens pad_token token_type password_file password_length"
    none += " secret_name key primary_key keyboard monkey compass passenger bypass secretary x"
    assert [name for name in strong.split() if strength(name) != "strong"] == []
    assert [name for name in none.split() if strength(name) is not None] == []
    assert strength("token") == "weak"
