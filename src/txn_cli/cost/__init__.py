"""What a deployment costs and needs, for people and for machines."""
