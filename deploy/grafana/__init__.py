"""The dashboard for Grafana, typed by Grafana's own SDK."""
