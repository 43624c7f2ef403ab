import inspect
import re

import pytest
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf
from programs import found, on_host, run, run_script, write_files

from modulus_relobralo import LBFGS, SOAP, NaturalGradient, ReLoBRaLo
from modulus_relobralo.hosts.plugin import FIELDS, PROVIDER, TARGET, store_options
from modulus_relobralo.hosts.sym import host
from modulus_relobralo.options import NATURAL_GRADIENT
from modulus_relobralo.options import SOAP as SOAP_OPTIONS

needs_host = pytest.mark.host

CONFIG = """
    defaults:
      - modulus_default
      - scheduler: tf_exponential_lr
      - optimizer: adam
      - loss: {loss}
      - _self_
    hydra:
      run:
        dir: outputs
      sweep:
        dir: multirun
"""
# A user's program: it imports nothing of ours.
PROGRAM = """
    import json
    import torch
    import modulus.sym
    from modulus.sym.hydra import ModulusConfig
    from modulus.sym.hydra.utils import instantiate_agg
    from omegaconf import OmegaConf

    @modulus.sym.main(config_path="conf", config_name="config")
    def run(cfg: ModulusConfig):
        aggregator = instantiate_agg(cfg, iter([torch.zeros(1)]), 2)
        import modulus_relobralo
        kind = type(aggregator)
        print("FOUND", json.dumps({
            "class": f"{kind.__module__}.{kind.__name__}",
            "loss": OmegaConf.to_container(cfg.loss),
            "file": modulus_relobralo.__file__,
        }))

    if __name__ == "__main__":
        run()
"""
OURS = "modulus_relobralo.balancing.relobralo.ReLoBRaLo"
THEIRS = on_host("modulus.sym.loss.aggregator.Relobralo")
THEIRS_BY_NAME = "modulus_relobralo.hosts.sym.aggregators.BuiltinRelobralo"
# What Hydra prints where a file on its search path has the name of a stored option.
DEPRECATION = re.compile("deprecat.*(ConfigStore|schema|relobralo)|(ConfigStore|schema|relobralo).*deprecat", re.I)


def of_the_host(python, folder, *arguments, **options):
    """Run a user's program, which imports the host and nothing of ours."""
    return run_script(
        "program.py", arguments, folder, python=python, modules=(on_host("modulus.sym.hydra"),), **options
    )


@pytest.fixture
def program(tmp_path):
    """Return a folder with a user's program whose config says `loss: relobralo`."""
    write_files(tmp_path, program_DOT_py=PROGRAM, conf__config_DOT_yaml=CONFIG.format(loss="relobralo"))
    return tmp_path


def defaults_of(option):
    return {name: default for name, _, default in option}


# ----- in this process


def test_fields_are_the_keywords_of_the_constructor():
    keywords = dict(inspect.signature(ReLoBRaLo).parameters)
    del keywords["params"], keywords["num_losses"]
    fields = defaults_of(FIELDS)
    assert fields.pop("_target_") == TARGET
    # The host's LossConf brings the field `weights`.
    assert {**fields, "weights": None} == {name: keyword.default for name, keyword in keywords.items()}


def test_fields_of_natural_gradients_are_the_keywords_of_their_constructor():
    keywords = dict(inspect.signature(NaturalGradient).parameters)
    del keywords["params"], keywords["lr"]
    assert vars(NATURAL_GRADIENT) == {name: keyword.default for name, keyword in keywords.items()}


def test_fields_of_soap_are_the_keywords_of_its_constructor():
    keywords = dict(inspect.signature(SOAP).parameters)
    del keywords["params"], keywords["options"]
    assert vars(SOAP_OPTIONS) == {name: keyword.default for name, keyword in keywords.items()}


# ----- without a host


def test_a_hydra_program_without_a_host_is_left_alone(wheel_python, tmp_path):
    write_files(
        tmp_path,
        conf__config_DOT_yaml="a: 1",
        program_DOT_py="""
            import hydra, sys
            from hydra.core.config_store import ConfigStore
            from hydra.core.plugins import Plugins
            from hydra.plugins.search_path_plugin import SearchPathPlugin

            @hydra.main(config_path="conf", config_name="config", version_base=None)
            def run(cfg):
                assert cfg == {"a": 1}
                plugins = {p.__name__: p.__module__ for p in Plugins.instance().discover(SearchPathPlugin)}
                assert plugins["ReLoBRaLoPlugin"] == "modulus_relobralo.hosts.plugin", plugins
                assert "loss" not in ConfigStore.instance().repo
                loaded = {"torch", "modulus", "physicsnemo", "sympy"} & set(sys.modules)
                assert not loaded, loaded

            run()
        """,
    )
    # Hydra 1.2 warns of itself.
    assert run([wheel_python, "-W", "ignore", "program.py"], tmp_path) == ""


def test_importing_the_package_imports_no_torch(wheel_python, tmp_path):
    code = """if True:
        import sys
        import modulus_relobralo
        assert "torch" not in sys.modules and "hydra" not in sys.modules
        assert "ReLoBRaLo" in dir(modulus_relobralo)
        from modulus_relobralo import NaturalGradient, ReLoBRaLo
        assert "torch" in sys.modules and not {"modulus", "physicsnemo"} & set(sys.modules)
        try:
            modulus_relobralo.Relobralo
        except AttributeError as error:
            assert "'modulus_relobralo' has no attribute 'Relobralo'" in str(error)
        else:
            raise AssertionError
    """
    assert run([wheel_python, "-c", code], tmp_path) == ""


# ----- with one


@needs_host
@pytest.mark.parametrize("install", ["wheel", "editable"])
def test_a_config_gets_our_aggregator(install, program, request):
    output = of_the_host(request.getfixturevalue(f"{install}_python"), program, "loss.temperature=0.2")
    (job,) = found(output)
    assert job["class"] == OURS
    assert job["loss"] == {**defaults_of(FIELDS), "weights": None, "temperature": 0.2}
    assert ("sources" in job["file"]) == (install == "editable")
    assert not DEPRECATION.search(output)


@needs_host
def test_host_default_is_the_hosts_base_config(wheel_python, program):
    write_files(
        program,
        conf__either_DOT_yaml=CONFIG.replace("modulus_default", "host_default").format(loss="relobralo"),
        program_DOT_py="""
            import json, sys
            import modulus.sym
            from modulus.sym.hydra.amp import register_amp_configs
            from modulus.sym.hydra.utils import compose
            from omegaconf import OmegaConf

            def show(cfg):
                print("FOUND", json.dumps(OmegaConf.to_container(cfg)))

            run = modulus.sym.main(config_path="conf", config_name="config")(show)
            for name in ("config", "either"):
                sys.argv[1:] = [f"--config-name={name}"]
                run()
            # The host's compose forgets these.
            register_amp_configs()
            for name in ("config", "either"):
                show(compose(config_path="conf", config_name=name))
        """,
    )
    theirs, ours, *composed = found(of_the_host(wheel_python, program))
    assert theirs == ours
    assert composed[0] == composed[1]
    assert all(config["loss"]["_target_"] == TARGET for config in (ours, *composed))
    assert ours["training"]["max_steps"] == 10000


@needs_host
def test_multirun_gets_ours_and_the_hosts_own(wheel_python, program):
    write_files(program, conf__config_DOT_yaml=CONFIG.format(loss="sum"))
    output = of_the_host(wheel_python, program, "--multirun", "loss=relobralo,relobralo_builtin,sum")
    assert [job["class"] for job in found(output)] == [
        OURS,
        THEIRS_BY_NAME,
        on_host("modulus.sym.loss.aggregator.Sum"),
    ]
    assert not DEPRECATION.search(output)


@needs_host
def test_command_line_with_the_keys_of_the_hosts_option(wheel_python, program):
    write_files(program, conf__config_DOT_yaml=CONFIG.format(loss="sum"))
    overrides = ["loss=relobralo", "loss.tau=1", "loss.beta=0.9", "loss.weights={u: 2}"]
    (job,) = found(of_the_host(wheel_python, program, *overrides))
    assert job["class"] == OURS
    assert (job["loss"]["tau"], job["loss"]["beta"], job["loss"]["weights"]) == (1.0, 0.9, {"u": 2})


@needs_host
def test_a_mistyped_key_is_named(wheel_python, program):
    output = of_the_host(wheel_python, program, "loss.temprature=1", succeeds=False)
    assert "Could not override 'loss.temprature'" in output
    assert "Key 'temprature' not in 'ReLoBRaLoConf'" in output


@needs_host
@pytest.mark.parametrize(
    ("text", "kind", "options"),
    [
        (
            f"_target_: {THEIRS}\nalpha: 0.25\ntau: 3.0\n",
            THEIRS,
            {"alpha": 0.25, "beta": 0.99, "tau": 3.0, "eps": 1e-8},
        ),
        ("alpha: 0.25\ntemperature: 3.0\n", OURS, {"alpha": 0.25, "temperature": 3.0, "eps": 1e-12}),
    ],
    ids=["for the host's class", "for ours"],
)
def test_a_users_own_file_wins(text, kind, options, wheel_python, program):
    write_files(program, conf__loss__relobralo_DOT_yaml=text)
    (job,) = found(of_the_host(wheel_python, program))
    assert job["class"] == kind
    assert job["loss"].items() >= options.items()


@needs_host
def test_compose_gets_our_aggregator(wheel_python, tmp_path):
    write_files(
        tmp_path,
        conf__config_DOT_yaml=CONFIG.format(loss="relobralo"),
        program_DOT_py="""
            import json
            import torch
            import modulus.sym
            from modulus.sym.hydra.amp import register_amp_configs
            from modulus.sym.hydra.utils import compose, instantiate_agg

            # The host's compose forgets these.
            register_amp_configs()

            for overrides in (
                [],
                ["loss.tau=1", "loss.beta=0.9"],
                ["loss=relobralo_builtin"],
                ["loss.temprature=1"],
                ["loss.temperature=hot"],
                ["loss.temperature=-1"],
                ["loss.temperature=0.5", "loss.tau=1"],
                ["loss.weights={u: -1}"],
            ):
                result = {}
                try:
                    cfg = compose(config_path="conf", config_name="config", overrides=overrides)
                    result["target"] = cfg.loss._target_
                    aggregator = instantiate_agg(cfg, iter([torch.zeros(1)]), 2)
                    # As the trainer does next.
                    list(aggregator.parameters())
                    result["repr"] = repr(aggregator)
                except Exception as error:
                    result["error"] = f"{error} {error.__cause__}"
                print("FOUND", json.dumps(result))
        """,
    )
    plain, aliases, builtin, mistyped, hot, negative, both, weights = found(of_the_host(wheel_python, tmp_path))
    assert plain["repr"] == "ReLoBRaLo(alpha=0.999, temperature=0.1, rho=0.99, eps=1e-12)"
    assert aliases["repr"] == "ReLoBRaLo(alpha=0.999, temperature=1.0, rho=0.9, eps=1e-12)"
    assert builtin["target"] == f"{TARGET}_builtin"
    assert "error" not in builtin
    assert "(own): " in builtin["repr"]
    assert "Could not override 'loss.temprature'" in mistyped["error"]
    assert "Value 'hot' of type 'str' could not be converted to Float" in hot["error"]
    assert "`temperature` must be in (0, inf). Found `temperature = -1.0`" in negative["error"]
    assert "`temperature` and its alias `tau` must not be given together" in both["error"]
    assert "`weights[u]` must be in [0, inf). Found `weights[u] = -1`" in weights["error"]


@needs_host
def test_option_is_a_dataclass_of_the_hosts_kind(monkeypatch):
    host_loss = host.load("hydra.loss")
    monkeypatch.setattr(ConfigStore.instance(), "repo", {})
    store_options(host.name())
    stored = ConfigStore.instance().repo["loss"]["relobralo.yaml"]
    assert stored.provider == PROVIDER
    assert issubclass(OmegaConf.get_type(stored.node), host_loss.LossConf)
    assert dict(stored.node) == {**defaults_of(FIELDS), "weights": None}


@needs_host
def test_lbfgs_has_the_options_of_the_hosts_and_the_defaults_of_the_class(monkeypatch):
    theirs = dict(vars(host.load("hydra.optimizer").BFGSConf()))
    monkeypatch.setattr(ConfigStore.instance(), "repo", {})
    store_options(host.name())
    options = dict(ConfigStore.instance().repo["optimizer"]["lbfgs.yaml"].node)
    assert options.keys() == theirs.keys()
    assert (theirs.pop("_target_"), options.pop("_target_")) == ("torch.optim.LBFGS", "modulus_relobralo.LBFGS")
    keywords = inspect.signature(LBFGS).parameters
    for name in ("lr", "line_search_fn"):
        assert options[name] == keywords[name].default
    assert options == {**theirs, "line_search_fn": "strong_wolfe", "max_iter": 3000}


@needs_host
def test_soap_has_the_defaults_of_the_class_in_a_config(monkeypatch):
    host.load("hydra")
    monkeypatch.setattr(ConfigStore.instance(), "repo", {})
    store_options(host.name())
    options = dict(ConfigStore.instance().repo["optimizer"]["soap.yaml"].node)
    assert options.pop("_target_") == "modulus_relobralo.SOAP"
    # The trainer's methods for Adam; the host's OptimizerConf brings the field.
    assert dict(options.pop("_params_")) == {
        "compute_gradients": "adam_compute_gradients",
        "apply_gradients": "adam_apply_gradients",
    }
    assert options == {**vars(SOAP_OPTIONS), "betas": list(SOAP_OPTIONS.betas)}
