# The commands of the house. Needs Python ≥ 3.11, git and make; `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python -m
export PATH := $(CURDIR)/$(BIN):$(PATH)
# files and terminals are UTF-8 to our programs, whatever the locale says
export PYTHONUTF8 := 1
unexport PYTHONDONTWRITEBYTECODE
ifneq ($(filter C.utf8 C.UTF-8,$(shell locale -a 2>/dev/null)),)
export LC_ALL := C.UTF-8
endif
WORKERS ?= 3
# one chapter only, to test, release or reproduce: make test CHAPTER=perceptron
CHAPTER ?=
# "yes" runs only the tests that come out in another way on stand-ins for the data sets
STANDINS ?= no
SOLUTIONS ?= yes
ASSIGNMENT ?= perceptron
REPO ?=
# e.g. PyTorch's own index of CPU builds, to save gigabytes on Linux without a GPU
TORCH_INDEX ?=
# "no" installs the newest versions that pyproject.toml allows: constraints.txt pins those
# that the book was made with
PINNED ?= yes
NEEDED_MB := 3000

.PHONY: help book test lab serve zip pdf release configure grade reproduce evidence data clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

book: .venv/.ready ## execute the notebooks and build the book (SOLUTIONS=no leaves them out)
	@$(RUN) press.build $(if $(filter no,$(SOLUTIONS)),--no-solutions)

test: $(if $(CHAPTER),.venv/.ready,book) ## run every check, the book build included, or those of one CHAPTER
	@$(RUN) pytest -n $(WORKERS) --dist loadgroup \
	  $(if $(CHAPTER),-m "not site" -k "$(CHAPTER)",$(if $(filter yes,$(STANDINS)),-m standins))

lab: .venv/.ready ## open JupyterLab on a page of all notebooks and exercises
	@$(RUN) press.start

serve: ## serve the built book on this machine
	@test -f _build/html/index.html || { echo "make: there is no book yet: run make book"; exit 1; }
	@$(RUN) http.server --directory _build/html --bind 127.0.0.1 8000

zip: .venv/.ready ## pack the built book into one zip that works without a server
	@$(RUN) press.archive

pdf: .venv/.ready ## print the built book into one PDF (needs Chromium)
	@$(RUN) press.pdf

release: .venv/.ready ## write exercises/, or those of one CHAPTER, from solutions/ with nbgrader
	@test -d "solutions/$(CHAPTER)" || { echo "release: there is no folder solutions/$(CHAPTER)"; exit 1; }
	@folder=$$(mktemp -d); for chapter in $(or $(CHAPTER),$$(ls solutions)); do \
	  $(RUN) nbgrader generate_assignment "$$chapter" --create --force \
	    --db="sqlite:///$$folder/$$chapter.db" --log-level=ERROR; done; rm -r "$$folder"

configure: .venv/.ready ## set the repository's address, in the exercises too: REPO=owner/name
	@$(RUN) press.configure "$(REPO)"

grade: .venv/.ready ## grade submitted/*/ASSIGNMENT in the sandbox and write feedback/
	@graded=0; $(RUN) grader autograde "$(ASSIGNMENT)" || graded=$$?; \
	  $(RUN) grader feedback "$(ASSIGNMENT)" && exit $$graded

reproduce: .venv/.ready ## run the notebooks, or one CHAPTER, with the literature's budget (hours, resumable) into book/results
	@$(RUN) press.reproduce $(CHAPTER)

evidence: .venv/.ready ## measure how sharp the checks are, into book/evidence.json (minutes)
	@$(RUN) press.evidence

data: .venv/.ready ## fetch all data sets into the cache, with checksums
	@$(RUN) helpers.data fetch all

clean: ## delete everything that was built (the environment stays)
	@rm -rf _build

.venv/.ready: constraints.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is not installed: install Python 3.11 or newer, or set PYTHON="; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(sys.version_info < (3, 11) and f"make: Python {v} is too old: 3.11 or newer is needed, set PYTHON=")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "make: $(PYTHON) lacks venv: install it (Debian: apt-get install python3-venv)"; exit 1; }
	@free=$$(df -Pm . | awk 'NR==2 {print $$4}'); test "$$free" -ge $(NEEDED_MB) || test -d .venv || \
	  { echo "make: the disk of $(CURDIR) has $$free MB free, $(NEEDED_MB) MB are needed"; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@mkdir -p _build; echo "installing into .venv (a few minutes, once) ..."
	@$(RUN) pip install --quiet --disable-pip-version-check $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) \
	  $(if $(filter no,$(PINNED)),,-c constraints.txt) -e '.[all]' >_build/install.log 2>&1 || \
	  { grep 'ERROR: ' _build/install.log | head -1 | sed 's/.*ERROR: /make: /' || true; \
	    echo "make: the installation failed, _build/install.log holds the rest"; exit 1; }
	@touch $@
