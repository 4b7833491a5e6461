"""Tests: the tree mirrors the package; promises has one file per promise of the design."""
