"""The joint fit as statsmodels reports it, for readers who want its tables and tests."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from toolkit.analysis.weights.fit import Weights
from toolkit.errors import QuestionError

__all__ = ["glm_results"]


def glm_results(weights: Weights) -> Any:
    """Give the joint fit as a `GLMResults` of statsmodels, on patterns, started at the solution.

    Parameters are named by term. Its errors are those of independent leads; the ones over
    accounts are in `weights.joint`. Its log-likelihood holds the binomial constant. Raises
    QuestionError where there is no likelihood fit to report (separation, nothing to fit).

    Source: McCullagh and Nelder (1989).

    >>> from toolkit.analysis.weights.tiny import tiny_patterns
    >>> from toolkit.analysis.weights.fit import fit_weights
    >>> glm_results(fit_weights(tiny_patterns())).params.round(3).tolist()  # log 0.2, log 2, log 2
    [-1.609, 0.693, 0.693]
    """
    import statsmodels.api as sm  # noqa: PLC0415 - takes seconds to load
    from statsmodels.tools.sm_exceptions import (  # noqa: PLC0415 - likewise
        PerfectSeparationWarning,
    )

    joint, design = weights.joint, weights.design
    if joint.method in ("Firth", "none"):
        raise QuestionError(
            f"there is no maximum-likelihood fit of all terms (method: {joint.method}): "
            f"{weights.reason or 'the outcomes are separated'}; read weights.joint instead"
        )
    used = ~np.isnan(joint.coefficients)
    known = design.n > 0
    columns = np.column_stack([np.ones(int(known.sum())), design.units[known][:, used]])
    model = sm.GLM(
        np.column_stack([design.hits[known], (design.n - design.hits)[known]]),
        columns,
        family=sm.families.Binomial(),
        offset=weights.scale.per_point * design.other[known],
    )
    names = [term.id for term, there in zip(weights.terms, used, strict=True) if there]
    model.exog_names[:] = ["intercept", *names]
    start = np.concatenate([[joint.intercept], joint.coefficients[used]])
    with warnings.catch_warnings():
        # The fit is finite; statsmodels takes patterns that are fitted exactly for separation.
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        return model.fit(start_params=start, tol=1e-14)
