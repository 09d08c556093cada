# syntax=docker/dockerfile:1
# The program on an image that has nothing else: no shell, no package manager, no root.
# It writes below /data only, so the root file system may be read-only.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
# The caches are not part of the image, so the program has to leave them in the same step.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package portcullis \
    && install -D --strip target/release/portcullis /image/usr/local/bin/portcullis \
    && install -d -m 0700 /image/data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build --chown=65532:65532 /image /
USER 65532:65532
# Who is outside the container has to be let in by name: publish 8080, and keep 9090 for what watches the service.
ENV PORTCULLIS_BIND=0.0.0.0:8080 \
    PORTCULLIS_OPS_BIND=0.0.0.0:9090 \
    PORTCULLIS_DATA_DIR=/data
VOLUME /data
EXPOSE 8080 9090
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s \
    CMD ["/usr/local/bin/portcullis", "health"]
ENTRYPOINT ["/usr/local/bin/portcullis"]
CMD ["serve"]
