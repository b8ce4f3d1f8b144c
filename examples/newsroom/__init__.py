"""The Wrenmouth Lantern: a small news site that shows consentkit at work.

`python -m examples.newsroom` from a checkout, `python -m consentkit.newsroom` from the wheel.
"""
