# A small image with the program, Git, and nothing else. Add the engine that your repositories use, such as
# terraform or tofu, in an image of your own that begins with this one.
FROM golang:1.26-bookworm AS build
WORKDIR /source
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=development
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /trunkline ./cmd/trunkline

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/trunkline trunkline
COPY --from=build /trunkline /usr/local/bin/trunkline
USER trunkline
ENV TRUNKLINE_DATA=/var/lib/trunkline TRUNKLINE_LISTEN=0.0.0.0:8080
VOLUME /var/lib/trunkline
EXPOSE 8080
ENTRYPOINT ["trunkline"]
CMD ["serve"]
