"""Statistics on arrays: values with their limits and their problems. Knows no tables, no files and no Swedish."""

from psykanalys.methods.compare import binomial_test, compare
from psykanalys.methods.comparison import difference_of_proportions, ratio_of_rates
from psykanalys.methods.core import Estimate, MethodError, Problem
from psykanalys.methods.coverage import bounds, coverage
from psykanalys.methods.multiplicity import adjust
from psykanalys.methods.planning import needed_n
from psykanalys.methods.proportions import proportion
from psykanalys.methods.rates import count, rate

__all__ = [
    "Estimate",
    "MethodError",
    "Problem",
    "adjust",
    "binomial_test",
    "bounds",
    "compare",
    "count",
    "coverage",
    "difference_of_proportions",
    "needed_n",
    "proportion",
    "rate",
    "ratio_of_rates",
]
