"""What development needs and no installation does: servers to test and measure against."""
