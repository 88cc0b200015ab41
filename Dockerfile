# One image for the API and the workers; the command says which: `txn api`, `txn worker index`, `txn worker archive`.
# `make image` builds it in three sizes (docs/image.md).
#
# The tag names a patch version. To pin the very bytes, append the digest that
# `docker buildx imagetools inspect python:3.11.14-slim-bookworm` prints: python:3.11.14-slim-bookworm@sha256:...
FROM python:3.11.14-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build

# Extras of pyproject.toml, with blanks between: --build-arg EXTRAS= for an image of API and index alone, "score" for
# one with the scorer. The archive, a rebuild from the lake, verify and reconcile need `lake`, which `score` includes.
ARG EXTRAS="lake"

# Dependencies first: they change less often than our code, and so stay in the layer cache.
COPY requirements/ requirements/
COPY deploy/image/trim.py ./
RUN python -m venv /opt/txn \
    && for lock in runtime ${EXTRAS}; do \
        /opt/txn/bin/python -m pip install --require-hashes -r "requirements/${lock}.txt" || exit 1; done \
    && python -m venv /opt/build \
    && /opt/build/bin/python -m pip install --require-hashes -r requirements/build.txt \
    && python trim.py "$(/opt/txn/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

COPY pyproject.toml README.md LICENSE ./
COPY src/ src/
RUN /opt/build/bin/python -m hatchling build -t wheel -d dist \
    && /opt/txn/bin/python -m pip install --no-deps --no-index dist/*.whl \
    && /opt/txn/bin/python -m pip uninstall --yes pip setuptools


FROM python:3.11.14-slim-bookworm

COPY --from=build /opt/txn /opt/txn

# The base has no bytecode of the standard library, and a process may write none: without this, each start would
# compile what it imports, a health check too. Only what is imported is worth its room.
RUN python -m compileall -q -x '/(site-packages|dist-packages|ensurepip|idlelib|lib2to3|pydoc_data|test|tests|tkinter|turtledemo)/' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

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

# Where a root that is read-only leaves a place to write. ECS gives its empty volume the owner and the mode that the
# folder of a VOLUME has in the image: else it belongs to root, and no process of ours could write there. The base's
# /tmp has mode 1777. Nothing of the image may change /tmp behind this line.
VOLUME ["/tmp"]

# For Docker alone: ECS reads the health check of the task definition, Kubernetes its probes, and the OCI format has none.
# It asks a worker where TXN_WORKER_METRICS_PORT is set, else the API; --no-healthcheck for a worker without that port.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["txn", "health"]

ENTRYPOINT ["txn"]
CMD ["api"]
