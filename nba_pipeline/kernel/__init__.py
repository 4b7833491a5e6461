"""What every table is built with: declaration, calendar, identity, windows, provenance.

The kernel knows no table by name but the two that carry expectations: the schedule and the gaps.
"""
