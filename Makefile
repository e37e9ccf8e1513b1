PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
DEMO_MODEL := demo-model

.PHONY: demo demo-data demo-model demo-calibration test lint unit bench soak golden lock clean

# Generates 8 dialogues with the embedded default (vLLM on the CPU, a tiny model), reports, exports and verifies them.
# Exit code 1 of generate means that some dialogue failed or none was kept: the demo shows that too.
demo: $(VENV)/runtime
	rm -rf $(DEMO)
	$(BIN)/rolecs generate -n 8 --config outputs/training/demo/play.toml --run $(DEMO)/run || [ $$? -eq 1 ]
	$(BIN)/rolecs report $(DEMO)/run
	$(BIN)/rolecs export $(DEMO)/run --out $(DEMO)/shards --rejected
	$(BIN)/rolecs verify $(DEMO)/shards

# The rows that the demo model is taught with, from the calls in outputs/training/demo, and the calls kept out of them.
demo-data: $(VENV)/runtime
	$(BIN)/python -m outputs.training.demo.rows $(DEMO_MODEL)/rows.jsonl $(DEMO_MODEL)/held-out.jsonl

# Teaches the demo model anew (six hours on two cores, minutes on a large GPU), puts what it learned where the demo finds
# it, and calibrates it. Stopped or killed, it goes on when called again. On a CPU two processes of one thread each share the steps.
demo-model: demo-data
	test -e $(DEMO_MODEL)/adapter/training.json || OMP_NUM_THREADS=1 $(BIN)/torchrun --standalone --nproc_per_node 2 -m rolecs train $(DEMO_MODEL)/rows.jsonl --config outputs/training/demo/recipe.toml --out $(DEMO_MODEL)/adapter --resume
	cp $(addprefix $(DEMO_MODEL)/adapter/,adapter_config.json adapter_model.safetensors training.json README.md) agents/engine/demo_adapter
	$(MAKE) demo-calibration

# Compares the demo model as a judge with people's labels (five minutes on two cores), for the runs that it judges.
demo-calibration: $(VENV)/runtime
	rm -rf $(DEMO_MODEL)/judge
	XDG_DATA_HOME=$(CURDIR)/$(DEMO_MODEL)/judge $(BIN)/rolecs calibrate tests/data/gold/en.jsonl --run $(DEMO_MODEL)/judge/run
	cp $(DEMO_MODEL)/judge/rolecs/calibrations/*.json agents/engine/demo_adapter/calibration.json

# Lint, types, import order, all tests (the real engine included).
test: lint unit
	$(BIN)/pytest tests/integration --durations 10

lint: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(VENV)/development $(VENV)/browser
	$(BIN)/pytest --ignore=tests/integration --numprocesses auto --dist loadfile --durations 10

bench: $(VENV)/benchmarks
	$(BIN)/python -m benchmarks --engine

# Kills jobs and their engine at random moments; TRANSCRIPTS names files of calls to try the distillation on.
TRANSCRIPTS ?= tests/data/star-60.jsonl
soak: $(VENV)/development
	$(BIN)/python -m tests.support.soak $(TRANSCRIPTS)

# Accepts what the golden files would be now; read the diff.
golden: $(VENV)/development
	UPDATE_GOLDEN=1 $(BIN)/pytest --ignore=tests/integration -k golden

# Resolves the newest versions that pyproject.toml allows into the lock files.
lock:
	$(PYTHON) requirements/lock.py

clean:
	rm -rf $(VENV) $(DEMO) $(DEMO_MODEL)

# --no-compile: of 30,000 files a run imports some thousand; Python compiles these when it first reads them.
# --no-deps: vLLM's CPU build asks for torchvision, torchaudio and torchcodec, which exist for CUDA alone and break it.
$(VENV)/runtime: requirements/cpu.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --no-deps -r requirements/cpu.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

# Compiled on all cores: tests bound how long a program takes to start, which is no program's first start then. Some
# packages hold files of other versions of Python, which do not compile.
$(VENV)/development: $(VENV)/runtime requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --no-deps -r requirements/dev.lock
	$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
	touch $@

# The tests of the report read it in a headless Chromium: the system's, Debian's package, or Playwright's own build.
$(VENV)/browser: $(VENV)/development
	command -v chromium || { apt-get update && apt-get install --yes --no-install-recommends chromium; } \
		|| $(BIN)/playwright install --with-deps chromium
	touch $@

$(VENV)/benchmarks: $(VENV)/development requirements/bench.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --no-deps -r requirements/bench.lock
	touch $@
