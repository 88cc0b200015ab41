"""Answers queries on the tables that Spark built, run by the Python of `.venv/spark`: `python -m ... TABLES`.

Each line of standard input is a query as JSON; each answer is a line with columns and rows, values as text
(`devkit.table_rows`). The session is the one of builds.
"""

import json
import os
import sys

from devkit.table_rows import value_text
from warehouse.spark.spark_child import register, session


def main() -> None:
    """Answer until standard input ends."""
    with session(sys.argv[1], os.environ) as spark:
        register(spark, sys.argv[1])
        for line in sys.stdin:
            answer = spark.sql(json.loads(line))
            rows = [[value_text(value) for value in row] for row in answer.collect()]
            sys.stdout.write(json.dumps({"columns": answer.columns, "rows": rows}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
