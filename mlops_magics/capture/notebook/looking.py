"""Which calls leave alone what they are called on and what they are handed, as far as is known."""

from __future__ import annotations

import builtins

from mlops_magics.capture.notebook.changing import FIRST_ARGUMENT


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_METHODS = _words("""
    abs agg aggregate all allclose any apply applymap argmax argmin argsort as_posix asfreq asof assign astype at_time
    autocorr bar barh between between_time bfill box boxplot bold capitalize casefold cat ceil center clip coalesce
    collect collect_schema columns combine combine_first contains conj copy corr corrwith count count_rows cov
    cross_join cumcount cummax cummin cumprod cumsum cut date day_name decision_function decode density describe df diff
    display distinct div dot drop drop_duplicates drop_nulls droplevel dropna dt duplicated edit elements encode
    endswith eq equals eval ewm exists expand explain explode expanding expandtabs extract factorize feature_names_in
    fetch_df fetchdf ffill fill_nan fill_null fillna filter find findall first first_valid_index flatten floor floordiv
    fold format from_dict fullmatch ge get get_booster get_depth get_dummies get_feature_names get_feature_names_out
    get_group get_indexer get_loc get_metadata_routing get_n_leaves get_n_splits get_params get_support glob group_by
    groupby groups gt head hist idxmax idxmin iloc index infer_objects info inner_join interpolate intersection
    inverse_transform is_dir is_file isalpha isdigit isin isna isnull issubset issuperset item items iterrows itertuples
    join joinpath keys kneighbors kurt last le len limit line ljust lookup lower lstrip lt mask match max mean median
    melt memory_usage merge min mod mode month most_common mul multiply n_unique ne nlargest nonzero norm notna notnull
    nsmallest null_count nunique ones pct_change pie pivot pivot_table plot pow predict predict_log_proba predict_proba
    prod qcut quantile query ravel read_bytes read_text real reindex relative_to rename rename_axis reorder_levels
    replace resample reset_index reshape resolve rfind rjust rolling round row rows rpartition rsplit rstrip sample
    scatter score score_samples select select_dtypes sem shift show size skew slice sort_index sort_values split
    splitlines squeeze stack startswith std str strftime strip style sub sum swapaxes symmetric_difference tail
    take title to_arrow to_csv to_dict to_dicts to_excel to_frame to_html to_json to_list to_markdown to_numpy
    to_pandas to_parquet to_pickle to_period to_polars to_records to_series to_string to_timestamp tobytes todense
    toarray tolist transform translate transpose true_divide truncate tz_convert tz_localize union unique unnest unpivot
    unstack upper value_counts values var view where with_columns with_name with_suffix xs year zfill
    """)
"""Methods that show something or make another value, in pandas, Polars, NumPy, scikit-learn, DuckDB and Python."""

_DRAWING = _words("""
    annotate axhline axis axvline bar_label colorbar contour contourf errorbar figure fill_between gcf gca grid
    heatmap hist2d hlines imshow legend matshow pcolormesh plot_surface savefig set_title set_xlabel set_xlim
    set_xticklabels set_xticks set_ylabel set_ylim set_yticklabels set_yticks step_plot subplot subplots subplots_adjust
    suptitle text tick_params tight_layout title update_layout update_traces violinplot vlines write_html write_image
    xlabel xlim xticks ylabel ylim yticks close clf cla
    """)
"""Methods that draw: no number comes out differently for them."""

_PACKAGES = frozenset({
    "numpy", "pandas", "polars", "pyarrow", "sklearn", "scipy", "statsmodels", "matplotlib", "seaborn", "plotly",
    "altair", "math", "statistics", "json", "re", "os", "shutil", "glob", "pathlib", "datetime", "time", "pprint",
    "copy", "functools", "operator", "string", "textwrap", "hashlib", "base64", "pickle", "joblib", "IPython",
    "typing", "dataclasses", "decimal", "fractions", "platform", "gc", "inspect", "display", "tabulate", "duckdb",
    "skops", "mlops_magics", "builtins",
})  # fmt: skip
"""Packages whose functions leave their arguments as they are, but for those of :data:`FIRST_ARGUMENT`."""

_COPYING = _words("""
    DataFrame Series Index LazyFrame Categorical Table Path PurePath Counter DMatrix Decimal Fraction Timestamp
    Timedelta ColumnDataSource Tensor RandomState
    """)
"""Classes that hold nothing of what they are made of."""

_STATEFUL = _words("""
    default_rng Random RandomState Generator RandomGenerator SeedSequence Queue LifoQueue PriorityQueue SimpleQueue
    generator iter zip map filter enumerate reversed open StringIO BytesIO reader DictReader islice cycle chain product
    combinations permutations tee scandir iterdir finditer cursor execute TextFileReader
    """)

_BUILTINS = frozenset(dir(builtins)) | {"display", "get_ipython"}


def is_look(method: str) -> bool:
    """Whether a method of this name changes neither what it is called on nor what it is handed."""
    return method in _METHODS or method in _DRAWING or (method.startswith("to_") and method != "to_")


def is_used_up(kind: str) -> bool:
    """Whether whatever is made of such a thing leaves it another one: a random generator, an iterator, a queue."""
    return kind in _STATEFUL


def is_harmless(full_name: str) -> bool:
    """Whether a function or class of this full name, such as ``sklearn.metrics.roc_auc_score``, leaves its arguments
    as they are. One trailing underscore is how PyTorch writes a change in place.
    """
    last = full_name.rpartition(".")[2]
    if last in FIRST_ARGUMENT or last.endswith("_"):
        return False
    return full_name.partition(".")[0] in _PACKAGES or makes_object(last)


def is_builtin(name: str) -> bool:
    """Whether everybody has a function of this name, from Python or IPython."""
    return name in _BUILTINS


def makes_object(name: str) -> bool:
    """Whether this is called like a class: ``Pipeline`` or ``SGD``, not ``train``."""
    return name[:1].isupper() and len(name) > 1


def holds_arguments(name: str) -> bool:
    """Whether what this makes may go on using what it was made of, as a pipeline its steps and an optimizer its
    parameters.
    """
    return makes_object(name) and name not in _COPYING
