# make check does what CI does; the other targets are its parts.

.PHONY: check test race campaign

check:
	./.ci/run

test:
	go test ./...

race:
	go test -race -short ./live/... ./sim/... ./internal/... ./examples/...

campaign:
	go run ./cmd/simrun run
