"""One table of alarms and one of panels, rendered for CloudWatch, Prometheus and Grafana."""
