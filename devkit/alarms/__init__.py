"""What proves the alarms: made series, CloudWatch's evaluation of them, and the unit tests of Prometheus' rules."""
