"""Campaigns to look at and to begin with, as texts. Whoever takes one gives it an experiment and a name."""

from __future__ import annotations

from sutler.campaigns.samples.shelf import Sample, get_sample, list_samples

__all__ = ["Sample", "get_sample", "list_samples"]
