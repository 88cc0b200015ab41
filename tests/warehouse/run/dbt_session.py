"""dbt for many commands of one process: importing it takes most of the time that a small build takes.

Run by the interpreter of dbt's environment: `python dbt_session.py SOCKET`. The program that tests name as `dbt`
hands its arguments and environment over, and gets what dbt says and the exit code.
"""

import json
import os
import socketserver
import sys
from tempfile import TemporaryFile

CLIENT = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as session:
    session.connect({socket!r})
    session.sendall(json.dumps([sys.argv[1:], dict(os.environ)]).encode() + b"\\n")
    *said, code = session.makefile().read().splitlines()
    print(*said, sep="\\n")
    sys.exit(int(code))
"""


class Command(socketserver.StreamRequestHandler):
    """One command of dbt."""

    def handle(self) -> None:
        """Run it, and let go of its databases."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # type: ignore[import-not-found]
        from dbt.cli.main import dbtRunner  # type: ignore[import-not-found]

        arguments, environment = json.loads(self.rfile.readline())
        os.environ.update(environment)
        with TemporaryFile() as said:
            _say_to(said.fileno())
            result = dbtRunner().invoke(arguments)
            _say_to(sys.stderr.fileno())
            said.seek(0)
            self.wfile.write(said.read())
        DuckDBConnectionManager.close_all_connections()
        code = 0 if result.success else 2 if result.exception else 1
        self.wfile.write(f"{code}\n".encode())


def _say_to(descriptor: int) -> None:
    sys.stdout.flush()
    os.dup2(descriptor, sys.stdout.fileno())


if __name__ == "__main__":
    with socketserver.UnixStreamServer(sys.argv[1], Command) as server:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        server.serve_forever()
