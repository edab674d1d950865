"""Templates: lookup order, strictness, the sandbox, the type that a teacher's prompt is made of."""

from __future__ import annotations

import pytest

from kdvert.errors import UserError
from kdvert.records import ScrubbedText
from kdvert.templates import TemplateSet


@pytest.fixture
def layers(tmp_path):
    for layer in ("project", "vertical"):
        (tmp_path / layer).mkdir()
    (tmp_path / "vertical" / "a.j2").write_text("v {% block part %}base{% endblock %} {{ x }}")
    (tmp_path / "vertical" / "b.j2").write_text("only vertical")
    (tmp_path / "project" / "a.j2").write_text('{% extends "vertical/a.j2" %}{% block part %}mine{% endblock %}')
    return tmp_path, TemplateSet(tmp_path / "project", tmp_path / "vertical")


def test_the_project_wins_and_can_extend_the_layer_below(layers):
    _, templates = layers
    assert templates.render("a.j2", {"x": 1}) == "v mine 1"
    assert templates.render("b.j2", {}) == "only vertical"


def test_an_undefined_variable_is_an_error_that_names_what_may_be_used(layers):
    with pytest.raises(UserError, match="'x' is undefined") as caught:
        layers[1].render("a.j2", {"y": 1})
    assert "y" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ x.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% set y = x.append(1) %}",
        "{{ lipsum.__globals__ }}",
        "{{ '{0.__class__.__init__.__globals__}'.format(x) }}",
    ],
)
def test_the_sandbox_refuses_python_internals(layers, text):
    root, templates = layers
    (root / "vertical" / "evil.j2").write_text(text)
    with pytest.raises(UserError):
        templates.render("evil.j2", {"x": [1]})


@pytest.mark.parametrize("name", ["../secret.j2", "/etc/passwd", "nothing.j2", "vertical/../../secret.j2"])
def test_a_template_outside_the_layers_does_not_exist(layers, name):
    root, templates = layers
    (root / "secret.j2").write_text("secret")
    with pytest.raises(UserError, match="no template"):
        templates.render(name, {})


def test_a_syntax_error_names_the_template(layers):
    root, templates = layers
    (root / "vertical" / "bad.j2").write_text("{% if %}")
    with pytest.raises(UserError, match=r"bad\.j2"):
        templates.render("bad.j2", {})


def test_a_prompt_takes_scrubbed_text_only(layers):
    templates = layers[1]
    scrubbed = templates.prompt("a.j2", {"x": ScrubbedText("clean", "policy")})
    assert (scrubbed.text, scrubbed.scrubbed_by) == ("v mine clean", "policy")
    with pytest.raises(TypeError, match="not ScrubbedText"):
        templates.prompt("a.j2", {"x": "Maria Alvarez"})


def test_the_hash_covers_the_templates_it_extends(layers):
    root, templates = layers
    before = templates.sha256("a.j2")
    (root / "vertical" / "a.j2").write_text("changed {% block part %}{% endblock %}")
    assert TemplateSet(root / "project", root / "vertical").sha256("a.j2") != before
