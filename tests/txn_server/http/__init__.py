"""Tests of the HTTP connection and of the server around it."""
