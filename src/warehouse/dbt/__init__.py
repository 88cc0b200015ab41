"""dbt in an environment of its own, and as a child process. dbt's packages fight with ours, so we never import it."""
