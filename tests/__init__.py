"""Tests; a file mirrors its module. A package, so that test folders may be named like the rooms they test."""
