# The same commands for people and for CI. PYTHON=/path/to/python names the interpreter to build with;
# HOST=physicsnemo runs them on PhysicsNeMo Sym in place of Modulus Sym, HOST=physicsnemo-loops on PhysicsNeMo of today.
HOST := modulus
VENV_modulus := .venv
VENV_physicsnemo := .venv-physicsnemo
VENV_physicsnemo-loops := .venv-physicsnemo-loops
VENV_docs := .venv-docs
VENV := $(or $(VENV_$(HOST)),$(error HOST must be modulus, physicsnemo or physicsnemo-loops. Found $(HOST)))
LOOPS := $(filter physicsnemo-loops,$(HOST))
RUN := $(VENV)/bin/python -W ignore
# outputs/demo or outputs/demo-physicsnemo
DEMO := $(VENV:.venv%=outputs/demo%)
# as many as cores, at most four; a file's tests share their trainings, so they stay together, and tests/conftest.py says
# which file comes first
WORKERS := --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: help env env-physicsnemo demo dist docs test test-physicsnemo test-lowest test-gpu lint format bench-accuracy bench-article bench-moving-window bench-reuse bench-optimizers tune bench-aggregator bench-derivatives bench-soap bench-natural-gradients bench-gallery bench-balancing bench-weights bench-pinnacle bench-plates bench-time-to-error bench-gpu tables clean clean-outputs
.DELETE_ON_ERROR:

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

env: $(VENV)/complete ## build .venv: Modulus Sym and this package; some minutes, 6 GB

env-physicsnemo: $(VENV_physicsnemo)/complete ## build .venv-physicsnemo: PhysicsNeMo Sym and this package; some minutes, 6 GB

$(VENV_modulus)/complete: setup.cfg $(wildcard tools/*.py)
	@python=$$(tools/find_python.sh 3.11 3.10) && "$$python" tools/build_env.py modulus $(@D)
	@touch $@

$(VENV_physicsnemo)/complete: setup.cfg $(wildcard tools/*.py)
	@python=$$(tools/find_python.sh 3.11) && "$$python" tools/build_env.py physicsnemo $(@D)
	@touch $@

$(VENV_physicsnemo-loops)/complete: setup.cfg $(wildcard tools/*.py)
	@python=$$(tools/find_python.sh 3.11) && "$$python" tools/build_env.py physicsnemo-loops $(@D)
	@touch $@

$(VENV_docs)/complete: setup.cfg tools/build_docs_env.py $(VENV_modulus)/complete
	@$(VENV_modulus)/bin/python tools/build_docs_env.py $(VENV_modulus) $(@D)
	@touch $@

demo: env ## the article's two experiments by the sum, ReLoBRaLo and natural gradients; two and a half minutes on two idle cores
	@rm -rf $(DEMO)
	@$(RUN) -m benchmarks.demo $(if $(LOOPS),--loops) $(if $(DEMO_STEPS),--steps $(DEMO_STEPS)) --out $(DEMO)

docs: $(VENV_docs)/complete ## build docs/_build, a warning is an error; two minutes
	@$(VENV_docs)/bin/python -W ignore -m sphinx -q -W --keep-going -c docs -d docs/_build/doctrees . docs/_build/html
	@echo "docs/_build/html/index.html"

test: env ## every test: long; one file, in a minute: .venv/bin/python -m pytest tests/test_links.py
	$(VENV)/bin/python -m pytest $(WORKERS) $(if $(LOOPS),-m "not host")

test-physicsnemo: ## every test on PhysicsNeMo Sym: long
	$(MAKE) test HOST=physicsnemo

test-lowest: ## the tests that need no host, on the oldest requirements that setup.cfg allows: long
	python=$$(tools/find_python.sh 3.10 3.11) && "$$python" -m venv --clear .venv-lowest
	.venv-lowest/bin/python -m pip install -q "uv>=0.4"
	echo "numpy>=1.24,<2" > .venv-lowest/overrides.txt  # pytorch-optimizer asks for more, and needs it for nothing
	.venv-lowest/bin/python -m uv pip install -q --python .venv-lowest/bin/python --resolution lowest-direct \
		--overrides .venv-lowest/overrides.txt -e ".[report,soap,test]"
	.venv-lowest/bin/python -m pytest $(WORKERS) -m "not host"

test-gpu: env ## the tests that need a CUDA device
	$(VENV)/bin/python -m pytest -m gpu

bench-accuracy: env ## every balancing scheme on both problems, hours; QUICK=1: minutes. What is finished is not run again
	$(RUN) -m benchmarks.protocols.accuracy $(if $(QUICK),--quick)

bench-article: env ## the article's two experiments in their own setting, hours; QUICK=1: minutes. What is finished is not run again
	$(RUN) -m benchmarks.protocols.article $(if $(QUICK),--quick)

bench-reuse: env ## the problems of examples/reuse over ten seeds, two hours; QUICK=1: minutes. What is finished is not run again
	$(RUN) -m benchmarks.protocols.reuse $(if $(QUICK),--quick)

bench-moving-window: env ## balancing in moving time windows, a quarter of an hour
	$(RUN) -m benchmarks.protocols.moving_window --multirun loss=sum,relobralo,relobralo_grad custom.seed=0,1,2,3,4,5,6,7,8,9

# the second call adds Adam's trainings of equal time, which the first has measured
bench-optimizers: env ## Adam and SOAP under three schemes, hours; QUICK=1: minutes. What is finished is not run again
	$(RUN) -m benchmarks.protocols.optimizers $(if $(QUICK),--quick)
	$(if $(QUICK),,$(RUN) -m benchmarks.protocols.optimizers)

bench-natural-gradients: env ## how far natural gradients come under two schemes, and what a step takes, hours; QUICK=1: minutes
	$(RUN) -m benchmarks.protocols.natural_gradients $(if $(QUICK),--quick)
	$(if $(QUICK),,$(RUN) -m benchmarks.steps.natural_gradient_step)

bench-gallery: env ## the problems of examples/gallery over seeds, four hours
	$(RUN) -m benchmarks.protocols.gallery burgers helmholtz --steps 250 500 --seeds 0 1 2 3 4 5 6 7 8 9
	$(RUN) -m benchmarks.protocols.gallery wave --steps 250 1000 --seeds 0 1 2 3 4 5 6 7 8 9
	$(RUN) -m benchmarks.protocols.gallery allen_cahn --width 28 --steps 250 600
	$(RUN) -m benchmarks.protocols.gallery cavity heat_scales korteweg_de_vries --steps 250 800
	$(RUN) -m benchmarks.protocols.gallery advection beam conductivity fisher kuramoto_sivashinsky poisson_holes \
		reynolds rod wall --steps 250
	$(RUN) -m benchmarks.protocols.gallery back_step heat_holes heat_inverse heat_long_time poisson_boltzmann \
		poisson_inverse --steps 250

bench-pinnacle: env ## PINNacle's cases against its stored files, DATA=folder with those, half an hour
	$(RUN) -m benchmarks.protocols.pinnacle --data $(DATA)

BALANCED := burgers wave poisson_holes conductivity helmholtz cavity --seeds 100 101 --steps 200
bench-weights: env ## balancing under natural gradients against weights made by hand, an hour
	for weight in 1 100 10000; do $(RUN) -m benchmarks.protocols.gallery $(BALANCED) --loss sum --conditions $$weight; done
	$(RUN) -m benchmarks.protocols.gallery $(BALANCED)

COMPARED := advection beam burgers cavity conductivity fisher heat_scales helmholtz korteweg_de_vries \
	poisson_boltzmann poisson_holes reynolds rod wall wave
bench-balancing: env ## ten schemes by Adam and SOAP, three by natural gradients, on sixteen problems, six hours of two cores. What is finished is not run again
	$(RUN) -m benchmarks.protocols.balancing --multirun
	for loss in sum relobralo; do \
		$(RUN) -m benchmarks.protocols.gallery $(COMPARED) --steps 250 --seeds 0 --loss $$loss; \
		$(RUN) -m benchmarks.protocols.gallery allen_cahn --width 28 --steps 250 --seeds 0 --loss $$loss; \
	done

bench-plates: env ## the plates of examples/plates over seeds, against the book and finite elements, hours; QUICK=1: minutes. What is finished is not run again
	$(RUN) -m benchmarks.protocols.plates $(if $(QUICK),--quick)

# what the project is compared with, each in an environment of its own
PEERS := deepxde pina jax finite_elements

.venv-peer-%/complete: benchmarks/peers/requirements/%.txt | env
	@python=$$(tools/find_python.sh 3.11) && $(VENV)/bin/python -m uv venv -q --clear --python "$$python" $(@D)
	@$(VENV)/bin/python -m uv pip install -q --python $(@D)/bin/python -r $<
	@touch $@

bench-time-to-error: env $(PEERS:%=.venv-peer-%/complete) ## seconds to an error, against DeepXDE, PINA, JAX and finite elements, hours; QUICK=1: half an hour
	@$(RUN) -m benchmarks.protocols.time_to_error $(if $(QUICK),--quick) $(if $(LIMIT),--limit $(LIMIT))

bench-soap: env ## what a step takes with SOAP, against one with Adam
	$(RUN) -m benchmarks.steps.soap_step

tune: env ## search the parameters of every scheme, hours; what was interrupted goes on
	$(RUN) -m benchmarks.protocols.tuning

bench-aggregator: env ## what balancing costs, against the host's Sum and Relobralo
	$(RUN) -m benchmarks.steps.aggregator
	$(RUN) -m benchmarks.steps.balanced_step

bench-derivatives: env ## Taylor mode against the host's autodiff
	$(RUN) -m benchmarks.steps.derivatives

tables: env ## every table and figure of the documents, from benchmarks/results
	$(RUN) -m benchmarks.documents --figures

bench-gpu: bench-aggregator bench-derivatives bench-soap ## all benchmarks; on a CUDA device they have rows for it

lint: env ## ruff and mypy; a minute
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .
	$(VENV)/bin/python -m mypy

format: env ## let ruff put the code in order
	$(VENV)/bin/python -m ruff check --fix .
	$(VENV)/bin/python -m ruff format .

dist: env ## the source archive and the wheel of HEAD in dist/, checked; a minute. ADDRESS=https://...: with absolute links in the README
	$(VENV)/bin/python -m uv pip install -q --python $(VENV)/bin/python build twine 'readme-renderer[md]'
	rm -rf dist build/dist && mkdir -p build/dist
	git archive HEAD | tar -x -C build/dist
	$(if $(ADDRESS),$(VENV)/bin/python tools/absolute_links.py build/dist $(ADDRESS))
	$(VENV)/bin/python -m build -q -o dist build/dist
	$(VENV)/bin/python -m twine check --strict dist/*

clean: ## remove the environments and builds; trainings and studies stay, they took hours
	rm -rf $(VENV_modulus) $(VENV_physicsnemo) $(VENV_physicsnemo-loops) $(VENV_docs) .venv-lowest .venv-peer-* docs/_build build dist *.egg-info

clean-outputs: ## remove all trainings and studies
	rm -rf outputs multirun
