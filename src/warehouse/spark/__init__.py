"""Tables that Spark builds: a folder a build, and dbt in the process that has the Spark session."""
