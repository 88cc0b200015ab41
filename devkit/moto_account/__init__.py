"""A moto server as a process, whose CloudFormation makes every resource of our templates.

What is in here runs in the environment `.venv/deploy`, which has moto, and imports nothing of ours.
"""
