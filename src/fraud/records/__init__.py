"""What is kept of a scored transaction and of its review: frozen records, their JSON, and what may become of them."""
