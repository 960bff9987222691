"""Standard populations, keyed by age band."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ESP2013: Mapping[str, int] = MappingProxyType(
    {
        "0-4": 5000,
        "5-9": 5500,
        "10-14": 5500,
        "15-19": 5500,
        "20-24": 6000,
        "25-29": 6000,
        "30-34": 6500,
        "35-39": 7000,
        "40-44": 7000,
        "45-49": 7000,
        "50-54": 7000,
        "55-59": 6500,
        "60-64": 6000,
        "65-69": 5500,
        "70-74": 5000,
        "75-79": 4000,
        "80-84": 2500,
        "85-89": 1500,
        "90+": 1000,
    }
)
"""The European standard population of 2013, 100 000 persons of both sexes in 19 age bands.

References: Eurostat. Revision of the European Standard Population. Methodologies and working papers, 2013.
"""
