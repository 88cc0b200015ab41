"""Every setting of every process, read once from `TXN_*` environment variables and handed down.

AWS credentials and profiles are not ours: the AWS client finds them by its own chain (environment, instance
role, ...). Keys have no default: outside the local stack, which makes random ones for each data directory, a
process without keys does not start. Nor have region and bucket, but for servers on this machine.
"""

import os
from typing import Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSettingError

from txn_core.exceptions import SettingsError
from txn_core.service_links import service_links
from txn_core.setting_groups.api_settings import ApiSettings
from txn_core.setting_groups.drain_settings import DrainSettings
from txn_core.setting_groups.fraud_settings import FraudSettings
from txn_core.setting_groups.ingest_settings import IngestSettings
from txn_core.setting_groups.insight_settings import InsightSettings
from txn_core.setting_groups.key_settings import KeySettings
from txn_core.setting_groups.producer_settings import ProducerSettings
from txn_core.setting_groups.stack_settings import StackSettings
from txn_core.setting_groups.telemetry_settings import TelemetrySettings
from txn_core.setting_groups.warehouse_settings import WarehouseSettings

OF_CLIENTS = frozenset({"TXN_API_KEY", "TXN_API_KEY_FILE"})
"""Variables of the commands that are the API's clients. They are no settings, and may stand beside them."""


class Settings(
    InsightSettings,
    WarehouseSettings,
    FraudSettings,
    IngestSettings,
    DrainSettings,
    ProducerSettings,
    ApiSettings,
    TelemetrySettings,
    KeySettings,
    StackSettings,
    BaseSettings,
):
    """The settings of one process. Frozen: what a process was started with is what it runs with.

    The groups stand in the reverse of the order in which the README lists them.
    """

    model_config = SettingsConfigDict(
        env_prefix="TXN_", frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - what pydantic-settings hands in
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what was given in code, then the environment without service links. There are no other sources."""
        assert isinstance(env_settings, EnvSettingsSource)  # noqa: S101 - what pydantic-settings hands in
        links = service_links(os.environ)
        env_settings.env_vars = {name.lower(): each for name, each in os.environ.items() if name not in links}
        return init_settings, env_settings

    @classmethod
    def from_environment(cls) -> Self:
        """Build the settings from `TXN_*` variables.

        Raises:
            SettingsError: a value does not fit, or a `TXN_` variable is not known. Values are never shown.
        """
        # Names are read in any case, so they are checked in any case.
        links = service_links(os.environ)
        given = [name for name in os.environ if name.upper().startswith("TXN_") and name not in links | OF_CLIENTS]
        if unknown := sorted(name for name in given if name.lower().removeprefix("txn_") not in cls.model_fields):
            raise SettingsError(f"unknown settings: {', '.join(unknown)}")
        try:
            return cls()
        except ValidationError as error:
            details = [
                detail
                for detail in error.errors(include_url=False, include_input=False, include_context=False)
                if detail["type"] != "default_factory_not_called"  # a consequence of the others
            ]
            faults = (f"TXN_{str(d['loc'][0]).upper()}: {d['msg']}" if d["loc"] else d["msg"] for d in details)
            raise SettingsError("; ".join(faults)) from None
        except UnreadableSettingError as error:
            # Its text names the field; its cause holds the value.
            raise SettingsError(str(error)) from None
