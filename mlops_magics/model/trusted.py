"""The type names this package trusts in a skops file, beyond those skops itself trusts. Exact names, reviewed.

A skops file can name a trusted type and choose what its constructor or ``__setstate__`` gets, and a trusted function
may end up as a parameter that ``predict`` calls. So a name is here only when neither runs code, opens a file or
reaches the network with arguments somebody else chose. Types whose native code follows stored positions without
looking (trees, neighbour trees) are here because ``soundness.py`` checks those positions after construction.

The native readers of XGBoost and LightGBM parse their own format: they are trusted as parsers, not checked.
CatBoost is not here: name ``catboost.core.CatBoostClassifier`` yourself if you trust a file.

The list was made by dumping fitted models of every kind and reading each constructor; a test does the dumping again.
"""

from __future__ import annotations

_PLAIN = (
    "collections.OrderedDict",
    "functools.partial",
    "numpy.dtype",
    "numpy.number",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "scipy.interpolate._bsplines._BSpline",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
    "sklearn.utils.validation.check_array",
)

_ESTIMATOR_PARTS = (
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
)

CHECKED_TYPES = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.tree._tree.Tree",
)
"""Types that hold positions native code follows; :mod:`mlops_magics.model.soundness` looks into each of them."""

_DISTANCES = tuple(
    f"sklearn.metrics._dist_metrics.{name}Distance{bits}"
    for name in ("BrayCurtis", "Canberra", "Chebyshev", "Euclidean", "Hamming", "Haversine", "Manhattan", "Minkowski")
    for bits in ("32", "64")
)

_KERNELS = tuple(
    f"sklearn.gaussian_process.kernels.{name}"
    for name in (
        "CompoundKernel", "ConstantKernel", "DotProduct", "ExpSineSquared", "Exponentiation", "Matern", "Product",
        "RBF", "RationalQuadratic", "Sum", "WhiteKernel",
    )
)

_SPLITTERS = tuple(
    f"sklearn.model_selection._split.{name}"
    for name in (
        "GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneGroupOut", "LeaveOneOut", "RepeatedKFold",
        "RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedGroupKFold", "StratifiedKFold",
        "StratifiedShuffleSplit", "TimeSeriesSplit",
    )
)

_SCORES = (
    *(f"sklearn.metrics._scorer.{name}" for name in ("_CurveScorer", "_PassthroughScorer", "_Scorer")),
    *(
        f"sklearn.metrics._classification.{name}"
        for name in (
            "accuracy_score", "balanced_accuracy_score", "brier_score_loss", "f1_score", "jaccard_score", "log_loss",
            "matthews_corrcoef", "precision_score", "recall_score",
        )
    ),
    *(f"sklearn.metrics._ranking.{name}" for name in ("average_precision_score", "roc_auc_score")),
    *(
        f"sklearn.metrics._regression.{name}"
        for name in (
            "explained_variance_score", "max_error", "mean_absolute_error", "mean_absolute_percentage_error",
            "mean_gamma_deviance", "mean_poisson_deviance", "mean_squared_error", "mean_squared_log_error",
            "median_absolute_error", "r2_score", "root_mean_squared_error", "root_mean_squared_log_error",
        )
    ),
    *(
        f"sklearn.feature_selection._univariate_selection.{name}"
        for name in ("chi2", "f_classif", "f_regression", "r_regression")
    ),
    *(
        f"sklearn.feature_selection._mutual_info.{name}"
        for name in ("mutual_info_classif", "mutual_info_regression")
    ),
)

_BOOSTERS = (
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRFClassifier",
    "xgboost.sklearn.XGBRFRegressor",
    "xgboost.sklearn.XGBRegressor",
)

TRUSTED_TYPES = frozenset(
    (*_PLAIN, *_ESTIMATOR_PARTS, *CHECKED_TYPES, *_DISTANCES, *_KERNELS, *_SPLITTERS, *_SCORES, *_BOOSTERS)
)
"""Every name this package trusts by itself. What the caller trusts is added per call, what a file says never."""
