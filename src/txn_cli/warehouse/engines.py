"""The engines that a run of the warehouse may fill."""

from enum import StrEnum


class Engine(StrEnum):
    """What holds the tables."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"
    REDSHIFT = "redshift"
    SPARK = "spark"
