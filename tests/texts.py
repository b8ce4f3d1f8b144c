"""Policies as their files state them."""

NEWS = """\
[site]
name = "News"
address = "https://news.example"
[controller]
name = "News Ltd"
contact = "privacy@news.example"
[purposes.analytics]
[services.stats]
vendor = "Stats Ltd"
purposes = ["analytics"]
hosts = ["stats.example"]
"""
"""A site with one service."""
