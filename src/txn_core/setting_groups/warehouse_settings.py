"""Settings of the warehouse: its PostgreSQL, how often it runs by itself, and what its engines may take."""

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr


class WarehouseSettings(BaseModel):
    """What a run of the warehouse is bound by."""

    warehouse_postgres_url: SecretStr | None = Field(
        None,
        description="PostgreSQL of the warehouse and of the normalised database: a URL as libpq takes it",
    )
    warehouse_every_s: float = Field(
        0.0, ge=0, description="pause between two runs of the warehouse in the local stack; 0 is off"
    )
    warehouse_memory: str = Field(
        "1GB",
        pattern=r"^[1-9][0-9]*(MB|GB)$",
        description="memory that DuckDB, or a local Spark's driver, may take, such as `800MB`",
    )
    warehouse_threads: int = Field(2, ge=1, le=256, description="threads that DuckDB may use")
    warehouse_commits_max: int = Field(100, ge=1, description="commits of the curated table in one load")
    warehouse_dbt: Path | None = Field(
        None, description="the `dbt` command of builds; by default the one that `txn warehouse install` installs"
    )
    warehouse_folder: Path | None = Field(
        None,
        description="folder of the warehouse: its DuckDB files, and what dbt writes; a local stack has its own",
    )
    warehouse_wait_s: float = Field(
        60.0, gt=0, description="how long a load waits for another one that holds the warehouse"
    )
    warehouse_redshift_url: SecretStr | None = Field(
        None,
        description="Redshift of the warehouse, `redshift://USER:PASSWORD@HOST:5439/DATABASE`; a query names further "
        "keywords of Amazon's driver, such as `?iam=true&cluster_identifier=NAME`",
    )
    warehouse_redshift_copy_role: str = Field(
        "default",
        pattern=r"^(default|arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512})$",
        description="the IAM role by which Redshift reads the lake in COPY; `default` is the cluster's own",
    )
    warehouse_redshift_python: Path = Field(
        Path(".venv/redshift/bin/python"),
        description="Python of the environment that holds redshift-connector and dbt-redshift (docs/redshift.md)",
    )
    warehouse_redshift_grants: bool = Field(
        True,
        description="whether runs set roles, grants and masks in Redshift, which takes a superuser or `sys:secadmin`",
    )
    warehouse_spark_python: Path = Field(
        Path(".venv/spark/bin/python"),
        description="Python of the environment that holds pyspark and dbt-spark (docs/redshift.md), beside Java 17",
    )
    warehouse_spark_folder: str | None = Field(
        None,
        description="folder of the tables of Spark: a path, or `s3a://BUCKET/PREFIX` where Spark has the jars "
        "for it; by default `spark` in the warehouse's folder",
    )
    warehouse_spark_master: str = Field(
        "local[2]",
        pattern=r"^\S+$",
        description="the master of Spark: `local[THREADS]` on this machine, or a cluster's, such as `yarn`",
    )
    warehouse_spark_conf: Path | None = Field(
        None, description="folder of a `spark-defaults.conf`: jars, credentials and memory of a Spark of one's own"
    )
