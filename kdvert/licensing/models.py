"""Whose terms a model stands under: by the route it is reached on, its name, or the card beside its weights."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from kdvert.licensing.facts import ModelLicense, Route, families, model_licenses, routes
from kdvert.registry import suggest
from kdvert.weights import DEFAULT_MODEL, short_name

LOCAL_PROVIDERS = frozenset({"ollama", "llamacpp", "vllm"})
"""Prefixes of servers that run on the user's own machines when no base_url says otherwise."""

_CARD_BYTES = 65_536  # the front matter of a model card stands at its start


@dataclass(frozen=True)
class Standing:
    """The terms that hold for one model.

    Attributes:
        subject: what to call the model in a report.
        licenses: its licenses, all of which hold.
        routes: vendors whose terms hold.
        unknown: why no terms could be found; what is unknown is blocked.
        doubts: why the terms that were found may not be all; each one asks for counsel.
        notes: where the terms come from, for the reader.
    """

    subject: str
    licenses: list[ModelLicense] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    unknown: str | None = None
    doubts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def standing(ref: str, base_url: str | None = None, *, root: Path | None = None) -> Standing:
    """Find out whose terms hold for a model.

    Args:
        ref: ``embedded``, a model reference (``hf:``, ``pypi:``, a path), ``provider:NAME``, a name at ``base_url``, or
            ``replay:FILE``: a cassette stands under the terms of the teacher that was recorded.
        base_url: where an OpenAI-compatible server is reached. A vendor's host brings the vendor's terms, whatever the
            model; one's own machine brings the license of the model's weights.
        root: the folder that relative paths start from (default: the current one).
    """
    if ref.startswith("replay:"):
        return _replayed(ref, root or Path.cwd())
    provider, name = _split(ref, base_url)
    if base_url:
        return _served(ref, name, base_url)
    if provider in LOCAL_PROVIDERS:
        return _by_name(ref, name, f"Runs on your own machines through {provider}: the license of the weights holds.")
    if provider:
        return _vendor(ref, provider, name)
    if ref == "embedded":
        return _by_name(f"embedded ({DEFAULT_MODEL.rpartition('/')[2]})", DEFAULT_MODEL.rpartition("/")[2])
    if ref.startswith("hf:"):
        return _by_name(ref, ref.removeprefix("hf:").partition("@")[0].partition("#")[0])
    path = (root or Path.cwd()) / Path(ref.partition("#sha256=")[0]).expanduser()
    if not ref.startswith("pypi:") and path.exists():
        return _by_card(ref, path)
    return _by_name(ref, short_name(ref))


def joined(subject: str, parts: Sequence[Standing]) -> Standing:
    """Return the standing of what stands under the terms of all ``parts``."""
    return Standing(
        subject,
        list({row.id: row for part in parts for row in part.licenses}.values()),
        list({row.provider: row for part in parts for row in part.routes}.values()),
        next((part.unknown for part in parts if part.unknown), None),
        [doubt for part in parts for doubt in part.doubts],
        [note for part in parts for note in part.notes],
    )


def _replayed(ref: str, root: Path) -> Standing:
    """Find terms of a cassette: its first line says which models answered, and where."""
    path = root / Path(ref.removeprefix("replay:")).expanduser()
    try:
        with open(path, encoding="utf-8") as stream:
            teacher = json.loads(stream.readline(_CARD_BYTES))["teacher"]
        parts = [standing(str(at["model"]), at["base_url"], root=root) for at in teacher["reached"]]
    except (OSError, ValueError, KeyError, TypeError):
        return Standing(ref, unknown=f"{path.name} is no cassette that says which teacher was recorded.")
    if not parts:
        return Standing(ref, unknown=f"The cassette {path.name} names no teacher.")
    found = joined(f"{teacher['name']} (recorded in {path.name})", parts)
    found.notes.append("Answers come from a cassette: the terms of the teacher that was recorded hold.")
    return found


def _split(ref: str, base_url: str | None) -> tuple[str | None, str]:
    prefix, colon, rest = ref.partition(":")
    if not colon or len(prefix) < 2 or prefix in ("hf", "pypi") or not re.fullmatch(r"[a-z][a-z0-9_-]*", prefix):
        return None, ref
    if base_url and prefix not in routes() and prefix not in LOCAL_PROVIDERS:
        return None, ref  # with a base_url the whole reference may be a name: "gemma:2b"
    return prefix, rest


def _served(ref: str, name: str, base_url: str) -> Standing:
    host = (urlsplit(base_url if "//" in base_url else f"//{base_url}").hostname or "").rstrip(".").lower()
    subject = f"{ref} at {host or base_url}"
    for route in routes().values():
        if any(host == known or host.endswith(f".{known}") for known in route.hosts):
            return _through(subject, route, name)
    if _is_own(host):
        return _by_name(subject, name, f"{host} is a private address: the license of the weights holds.")
    return Standing(
        subject,
        unknown=f"kdvert knows no terms for the host '{host or base_url}', and the route decides which terms hold. "
        f"Known vendors: {', '.join(sorted(_hosts()))}. A server of your own is known by a private name or address.",
    )


def _hosts() -> set[str]:
    return {host for route in routes().values() for host in route.hosts}


def _is_own(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        private_ends = (".local", ".internal", ".lan", ".localhost", ".home.arpa")
        return bool(host) and ("." not in host or host.endswith(private_ends))
    return address.is_private or address.is_loopback or address.is_link_local


def _vendor(ref: str, provider: str, name: str) -> Standing:
    if provider not in routes():
        known = [*routes(), *LOCAL_PROVIDERS]
        return Standing(ref, unknown=f"kdvert knows no terms for the provider '{provider}'. {suggest(provider, known)}")
    return _through(ref, routes()[provider], name)


def _through(subject: str, route: Route, name: str) -> Standing:
    if not route.with_model_terms:
        return Standing(subject, routes=[route])
    model = _by_name(subject, name)
    vendors = [route, *(r for r in model.routes if r != route)]
    return Standing(subject, model.licenses, vendors, model.unknown, model.doubts, model.notes)


def _by_name(subject: str, name: str, note: str = "") -> Standing:
    """Find terms by the table of families; ``name`` may start with an organization (``Qwen/Qwen2.5-0.5B``)."""
    organization, _, bare = name.rpartition("/")
    if name.startswith(("/", ".")) or bare.lower().endswith(".gguf"):
        organization = ""  # a server that calls its model by the file's path
    normal = re.sub(r"[\s_:]+", "-", bare.lower())
    rows = [f for f in families() if re.search(rf"(?<![a-z0-9])(?:{f.pattern})(?![a-z0-9]|\.\d)", normal)]
    if not rows:
        return Standing(subject, unknown=f"kdvert knows no model family that fits the name '{bare}'.")
    licenses = {name: model_licenses()[name.lower()] for row in rows for name in row.licenses}
    vendors = {row.route: routes()[row.route] for row in rows if row.route}
    publisher = organization.rpartition("/")[2]
    doubts = []
    if publisher and not any(publisher.lower() == p.lower() for row in rows for p in row.publishers):
        doubts.append(
            f"'{publisher}' is not the publisher of {rows[0].family}: a copy or a fine-tune may carry further licenses "
            "and the terms of models that wrote its training data."
        )
    notes = [note] if note else []
    notes += [f"Known by its name as {row.family}: {row.source}; read {row.read}" for row in rows]
    return Standing(subject, list(licenses.values()), list(vendors.values()), None, doubts, notes)


def _by_card(ref: str, path: Path) -> Standing:
    """Find terms of local weights: by name, by what the card beside them declares, and by the base it names."""
    folder = path if path.is_dir() else path.parent
    card = _card(folder)
    named = _by_name(ref, path.name)
    bases = {str(base): _by_name(ref, str(base)) for base in _listed(card.get("base_model"))}
    parts = [part for part in (named, *bases.values()) if not part.unknown]
    licenses = {row.id: row for part in parts for row in part.licenses}
    vendors = {row.provider: row for part in parts for row in part.routes}
    notes = [note for part in parts for note in part.notes]
    doubts = [f"The card names the base '{base}'. {part.unknown}" for base, part in bases.items() if part.unknown]
    for name in _declared(card):
        row = model_licenses().get(name.lower()) or model_licenses().get(f"licenseref-{name.lower()}")
        if row is None:
            return Standing(ref, unknown=f"Its card declares the license '{name}', which kdvert has no facts about.")
        licenses[row.id] = row
        notes.append(f"The card in {folder.name}/ declares '{name}' itself; kdvert takes its word for it.")
    unknown = None if licenses or vendors else _stateless(path.name, folder)
    return Standing(ref, list(licenses.values()), list(vendors.values()), unknown, doubts, notes)


def _stateless(name: str, folder: Path) -> str:
    return (
        f"Neither the name '{name}' nor a card says its license. State it at the top of {folder.name}/README.md, in "
        "three lines: ---, license: apache-2.0 (or whichever holds), ---."
    )


def _declared(card: dict[str, Any]) -> list[str]:
    names = [str(n) for n in _listed(card.get("license"))]
    if [n.lower() for n in names] == ["other"] and card.get("license_name"):
        return [str(card["license_name"])]
    return names


def _listed(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list) else [value]


def _card(folder: Path) -> dict[str, Any]:
    """Return the front matter of ``README.md``, else the ``license`` of ``config.json``; empty if there is neither."""
    readme = folder / "README.md"
    if readme.is_file():
        with open(readme, encoding="utf-8", errors="replace") as stream:
            found = re.match(r"\s*---\s*\n(.*?)\n---\s*(\n|$)", stream.read(_CARD_BYTES), re.DOTALL)
        data = _yaml(found.group(1)) if found else {}
        if data.get("license"):
            return data
    config = folder / "config.json"
    if config.is_file() and config.stat().st_size <= _CARD_BYTES:
        data = _yaml(config.read_text(encoding="utf-8", errors="replace"))  # JSON is YAML
        return {"license": data["license"]} if data.get("license") else {}
    return {}


def _yaml(text: str) -> dict[str, Any]:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}  # a card that cannot be read declares nothing
    return data if isinstance(data, dict) else {}
