# `make` prints what there is to make; `make check` is what CI runs.

.DEFAULT_GOAL := help
GO ?= go
STATICCHECK := v0.8.2

help: ## print this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

check: format vet staticcheck test ## everything CI checks: formatting, vet, staticcheck, import rules, tests

format: ## fail on files that gofmt would change
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt would change:"; echo "$$unformatted"; exit 1; }

vet: ## go vet
	$(GO) vet ./...

staticcheck: ## staticcheck, at the version named above
	$(GO) run honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK) ./...

# SQLite is C that was translated to Go: the race detector would find nothing in it, and take half the time of a run.
QUICKER := -gcflags='modernc.org/...=-race=false'

# Tests of the bot that are run with the race detector: those in which most goes on at a time.
RACED := TestConversations$$|TestStory|TestActions|TestForged|TestRuns|TestGroups|TestNewer|TestAbort|TestScheduled|TestSecrets|TestLog|TestPreview|TestObserving|TestWatched|TestBudget|TestPace|TestTicks

# With the race detector some of the bot's conversations are played. Then all are without it, some also with a stop of the bot after
# each step; and it is seen whether the whole suite used all that the App asks for. Comments are made by functions that share nothing.
test: ## all tests, import rules among them, with the race detector and in shuffled order
	$(GO) test -race -short -shuffle=on -timeout 25m $(QUICKER) $$($(GO) list ./... | grep -v -e /bot$$ -e /bot/comment$$)
	$(GO) test -race -short -shuffle=on -timeout 25m $(QUICKER) -run '$(RACED)' ./bot
	$(GO) test -shuffle=on -timeout 25m ./bot ./bot/comment

stops: ## play all conversations with a stop of the bot after each step
	$(GO) test -timeout 25m ./bot -run 'TestConversationsWithStops$$' -stops

# -p 1: one package at a time, so that what is measured has the machine for itself.
bench: ## what docs/performance.md tells, measured here and now
	$(GO) test -p 1 -run '^$$' -bench . -benchtime 3x -timeout 30m ./bot ./bot/comment ./cmd/trunkline ./planner/... ./promote/...

golden: ## rewrite golden comments and conversations; review them as a diff
	$(GO) test ./bot/comment ./bot -update

situations: ## plan the situations of the gallery anew with the real terraform, and write their comments
	$(GO) test ./bot/comment -run 'TestSituations$$' -record -update

pictures: ## paint the pictures of the docs, in a real browser: the comments of the gallery, and the demo
	$(GO) test ./bot/githubsim/web -run 'TestGallery$$' -count 1 -gallery ../../../docs/images/comments
	$(GO) test ./cmd/trunkline/demo -run 'TestNewcomer$$' -count 1 -pictures ../../../docs/images

demo: ## the demo, in the browser
	$(GO) run ./cmd/trunkline demo

contract: ## cut GitHub's description anew from the npm packages @octokit/openapi and @octokit/openapi-webhooks
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; mkdir "$$dir/openapi" "$$dir/openapi-webhooks"; \
	npm pack --silent --pack-destination "$$dir" @octokit/openapi@23.0.2 @octokit/openapi-webhooks@12.1.0; \
	tar -xzf "$$dir"/octokit-openapi-23.0.2.tgz -C "$$dir/openapi"; \
	tar -xzf "$$dir"/octokit-openapi-webhooks-12.1.0.tgz -C "$$dir/openapi-webhooks"; \
	$(GO) run ./bot/githubsim/contract/trim "$$dir" bot/githubsim/contract/data

.PHONY: help check format vet staticcheck test stops bench golden situations pictures demo contract
