"""What the demo's bar offers: regimes for all, or the law of a place."""

REGIMES = ("notice", "opt-out", "opt-in")
PLACES = {
    "FR": "France",
    "GB": "United Kingdom",
    "US-CA": "California",
    "CA-QC": "Quebec",
    "JP": "Japan",
    "MA": "Morocco",
}
"""Places whose law the demo shows, each as a visitor from there is asked."""
NAMES = (*REGIMES, *PLACES)
