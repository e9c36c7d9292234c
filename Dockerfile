# An image with the gateway and its tools. docs/deploy.md has the commands.
#
#   docker build --tag tools .                  templates, sites, and apps on other servers
#   docker build --tag tools --target python .  also Python apps, with requirements.txt
#
# A change of tools.toml or of a page compiles nothing. .dockerignore is an allowlist of files.

# The release in runtime.txt.
ARG RUST=1.95.0

FROM rust:${RUST}-slim-trixie AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY crates crates
COPY examples examples
COPY src src
# The compiler embeds these two files in the program.
COPY Rocket.toml ./
COPY static/style.css static/
RUN cargo build --release --locked --bin lti-gateway

# The files of the tools, without the source.
FROM debian:trixie-slim AS files
WORKDIR /tools
COPY . .
RUN rm -r Cargo.lock Cargo.toml benches crates examples src

FROM debian:trixie-slim AS base
# tini reaps the orphaned processes of apps. No program in the image is setuid or setgid.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates tini \
    && rm -rf /var/lib/apt/lists/* \
    && find / -xdev -perm /6000 -type f -exec chmod a-s {} + \
    && useradd --uid 10001 --create-home --shell /usr/sbin/nologin gateway \
    && install --directory --owner=gateway --mode=0700 /state
WORKDIR /tools
EXPOSE 5000
# The image has no HTTP client.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/${PORT:-5000} && printf 'GET /is_up HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q \"I'm up\" <&3"]
ENTRYPOINT ["tini", "-s", "--"]
CMD ["lti-gateway"]

FROM base AS python-packages
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /packages/
RUN python3 -m venv /packages/venv \
    && /packages/venv/bin/pip install --no-cache-dir --requirement /packages/requirements.txt
ENV PATH=/packages/venv/bin:$PATH

# The files belong to root: neither the gateway nor an app can change them. `check` fails if a file
# of a tool is missing, and needs no secrets in development.
FROM python-packages AS python
COPY --from=build /build/target/release/lti-gateway /usr/local/bin/
COPY --from=files /tools /tools
USER 10001:10001
RUN ["lti-gateway", "--dev", "check"]

# The last stage is the default.
FROM base AS gateway
COPY --from=build /build/target/release/lti-gateway /usr/local/bin/
COPY --from=files /tools /tools
USER 10001:10001
RUN ["lti-gateway", "--dev", "check"]
