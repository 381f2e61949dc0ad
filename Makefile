# The few things that one does with Rapport. `make` alone explains them.

.DEFAULT_GOAL := help
.PHONY: help run test bench year score fmt openapi

help: ## Explain these targets
	@grep -hE '^[a-z]+: .*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

CONFIG ?= config/playground.toml

run: ## Build and start the bridge with the playground (CONFIG=FILE for another configuration)
	@scripts/web.sh
	@echo "rapport: building (a few minutes the first time)"
	@cargo build --locked --bin rapport
	@exec "$${CARGO_TARGET_DIR:-target}/debug/rapport" serve --config $(CONFIG)

test: ## Test everything, as CI does (STEPS="fmt clippy" for some steps)
	@scripts/test.sh

bench: ## Measure against the reference, and write target/bench/report.json
	@scripts/bench.sh

year: ## A shop's year, simulated, and what a retailer steers by (SEED=1 DAYS=365)
	@cargo run --quiet --locked --profile bench --example year -- --seed $(or $(SEED),1) --days $(or $(DAYS),365)

score: ## Score the reading of mail: DATA=FOLDER with score.py and its cases*.jsonl
	@scripts/score.sh "$(DATA)"

fmt: ## Bring the tree into its form
	@cargo fmt --all
	@scripts/web.sh modules
	@npm --prefix web run --silent fmt

openapi: ## Write docs/openapi.json from the code
	@cargo run --quiet --locked --bin rapport -- openapi > target/openapi.json
	@mv target/openapi.json docs/openapi.json
	@echo "openapi: docs/openapi.json is written"
