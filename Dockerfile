# One image for the API and the workers; the command says which: `txn api`, `txn worker index`, `txn worker archive`.
#
# The tag names a patch version. To pin the very bytes, append the digest that
# `docker buildx imagetools inspect python:3.11.14-slim-bookworm` prints: python:3.11.14-slim-bookworm@sha256:...
FROM python:3.11.14-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build

# Extras of pyproject.toml, with blanks between. The archive, a rebuild from the lake, verify and reconcile need `lake`;
# an image for the API and the index alone needs none: --build-arg EXTRAS=
ARG EXTRAS="lake"

# Dependencies first: they change less often than our code, and so stay in the layer cache.
COPY requirements/ requirements/
RUN python -m venv /opt/txn \
    && for lock in runtime ${EXTRAS}; do \
        /opt/txn/bin/python -m pip install --require-hashes -r "requirements/${lock}.txt" || exit 1; done \
    && python -m pip install --require-hashes -r requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY src/ src/
RUN python -m hatchling build -t wheel -d dist \
    && /opt/txn/bin/python -m pip install --no-deps --no-index dist/*.whl \
    && /opt/txn/bin/python -m pip uninstall --yes pip setuptools


FROM python:3.11.14-slim-bookworm

COPY --from=build /opt/txn /opt/txn

# What runs in a container works on AWS, or on the servers that TXN_*_ENDPOINT_URL name (docs/operations.md#target).
# A container is reached from outside of itself, so the API's metrics want a key with the scope admin. Those of a worker
# are served once TXN_WORKER_METRICS_PORT is set, on a port of their own.
ENV PATH=/opt/txn/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TXN_API_HOST=0.0.0.0 \
    TXN_TARGET=aws \
    TXN_METRICS_NEED_ADMIN=true \
    TXN_WORKER_METRICS_HOST=0.0.0.0

# A number, so that Kubernetes can tell that it is not root (runAsNonRoot).
USER 10001:10001
EXPOSE 8080

# The API by its liveness; a worker by its metrics, or switched off (--no-healthcheck) when it serves none.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; w = os.environ.get('TXN_WORKER_METRICS_PORT'); u.urlopen(f'http://127.0.0.1:{w}/metrics' if w else f'http://127.0.0.1:{os.environ.get(\"TXN_API_PORT\", 8080)}/healthz', timeout=2)"]

ENTRYPOINT ["txn"]
CMD ["api"]
