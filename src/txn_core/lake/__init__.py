"""The lake: where its objects stand, and events as rows of Parquet. Only some of its modules import pyarrow."""
