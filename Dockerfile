# revgate with PostgreSQL and every extra, for a CI that runs containers:
#   docker build -t revgate .
#   docker run --rm -v "$PWD:/repository" revgate gate --against origin/main
# A project's env.py runs in this Python: derive an image that installs what env.py imports.
FROM python:3.13-slim-trixie

# What Debian has is what it supports: pinned versions would disappear from its mirrors.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git postgresql \
    && rm -rf /var/lib/apt/lists/*

COPY . /opt/revgate
RUN pip install --no-cache-dir '/opt/revgate[live,github,completion]' \
    && git config --system --add safe.directory '*' \
    && useradd --create-home --uid 1000 revgate

# PostgreSQL refuses to run as root.
USER 1000
WORKDIR /repository
ENTRYPOINT ["revgate"]
CMD ["gate"]
