"""The server as a process: `python -m devkit.moto_account.server`.

Prints one line of JSON when it listens, `{"url"}`, and ends when its standard input is closed, as it is when whoever
started it ends.
"""

import json
import logging
import sys

from moto.cloudformation import parsing
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from devkit.moto_account.made_models import add_models, client_of
from devkit.moto_account.removals import add_removals, keep_conditions_and_changes
from devkit.moto_account.repairs import (
    repair_balancers,
    repair_databases,
    repair_endpoints,
    repair_functions,
    repair_outputs,
)

HOST = "127.0.0.1"


def main() -> None:
    """Serve until standard input is closed."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # else it logs each request
    server = ThreadedMotoServer(HOST, 0, verbose=False)
    url: list[str] = []
    add_models(lambda: url[0])
    repair_functions()
    repair_balancers()
    repair_databases()
    repair_endpoints()
    repair_outputs()
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()
    add_removals(lambda service, region: client_of(service, url[0], region))
    keep_conditions_and_changes()
    server.start()
    host, port = server.get_host_and_port()
    url.append(f"http://{host}:{port}")
    sys.stdout.write(json.dumps({"url": url[0]}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
