"""A server that speaks to clients as Amazon Redshift does, with PostgreSQL behind it.

Redshift runs on AWS alone. The door takes Amazon's own driver and dbt's own adapter, reads each statement as
Redshift's SQL, refuses what Redshift does not have, and lets PostgreSQL carry out the rest. docs/redshift.md says
what the door cannot tell.
"""
