"""Who may write what, when: leases, plans, progress, audit."""
