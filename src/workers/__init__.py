"""The stream drains, each of which makes one view exactly once; their hosts, leases, reading and rebuilds."""
