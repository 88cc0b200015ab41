"""One table of panels, rendered for CloudWatch and for Grafana."""
