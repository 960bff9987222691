"""Statistics on arrays: values with their limits and their problems. Knows no tables, no files and no Swedish."""

from psykanalys.methods.backtest import backtest
from psykanalys.methods.compare import binomial_test, compare
from psykanalys.methods.comparison import change_of_growth, difference_of_proportions, ratio_of_rates
from psykanalys.methods.core import Estimate, MethodError, Problem
from psykanalys.methods.coverage import bounds, coverage
from psykanalys.methods.funnel import funnel_limits, funnel_points
from psykanalys.methods.inequality import quantile_groups, slope_index
from psykanalys.methods.life import life_expectancy
from psykanalys.methods.mann_kendall import mann_kendall
from psykanalys.methods.means import mean, quantile
from psykanalys.methods.multiplicity import adjust
from psykanalys.methods.overdispersion import overdispersion
from psykanalys.methods.planning import needed_n
from psykanalys.methods.positions import verdict_positions
from psykanalys.methods.proportions import proportion
from psykanalys.methods.rates import count, rate
from psykanalys.methods.standardisation import (
    directly_standardised_rate,
    indirectly_standardised_rate,
    indirectly_standardised_ratio,
)
from psykanalys.methods.standards import ESP2013
from psykanalys.methods.target import time_to_target
from psykanalys.methods.trend_marker import trend_marker
from psykanalys.methods.trends import logistic_trend, poisson_trend
from psykanalys.methods.waiting import kaplan_meier, waiting_times
from psykanalys.methods.xmr import xmr

__all__ = [
    "ESP2013",
    "Estimate",
    "MethodError",
    "Problem",
    "adjust",
    "backtest",
    "binomial_test",
    "bounds",
    "change_of_growth",
    "compare",
    "count",
    "coverage",
    "difference_of_proportions",
    "directly_standardised_rate",
    "funnel_limits",
    "funnel_points",
    "indirectly_standardised_rate",
    "indirectly_standardised_ratio",
    "kaplan_meier",
    "life_expectancy",
    "logistic_trend",
    "mann_kendall",
    "mean",
    "needed_n",
    "overdispersion",
    "poisson_trend",
    "proportion",
    "quantile",
    "quantile_groups",
    "rate",
    "ratio_of_rates",
    "slope_index",
    "time_to_target",
    "trend_marker",
    "verdict_positions",
    "waiting_times",
    "xmr",
]
