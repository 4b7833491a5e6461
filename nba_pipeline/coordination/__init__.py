"""The coordination database, and the marks of failed partitions in it."""
