"""Tests of `workers.leases.lease`."""
