"""The write path side by side with its peers on one machine: `make bench`, or `python -m bench.write_path`."""
