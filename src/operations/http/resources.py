"""What the API of a whole system serves: its own resources, and those of this package."""

from typing import Final

from operations.http import letter_routes, report_routes, runbook_routes
from txn_api.app import RESOURCES as API_RESOURCES

RESOURCES: Final = (*API_RESOURCES, report_routes.resource, letter_routes.resource, runbook_routes.resource)
