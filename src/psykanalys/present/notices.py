"""What a page must say of itself, in words that other parts look for."""

SYNTHETIC = "SYNTETISKA DATA"  # on every page that is made of made-up figures
