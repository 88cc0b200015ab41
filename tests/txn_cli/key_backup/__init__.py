"""Tests of what keeps API keys apart, and puts them back."""
