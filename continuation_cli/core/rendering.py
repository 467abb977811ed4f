"""The email's templates: Jinja2, sandboxed, and strict about what does not exist."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, Final

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from continuation_cli.core.characters import clean
from continuation_cli.core.phrases import Phrases
from continuation_cli.core.views import Colors, FileView, GroupView, MessageView

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The templates that there have to be.
NAMES: Final = ("subject.txt", "body.txt", "body.html")


class ComposeError(ValueError):
    """An email cannot be composed; the text says what is wrong."""


class TemplateError(ValueError):
    """A template cannot be used; the text names its file and line."""


class TemplateFaultError(ComposeError):
    """An email cannot be composed, and its template is to blame, whatever the data."""


class _NoSuchNameError(jinja2.UndefinedError):
    """A template names what no email has."""


#: What templates see of ours: the fields of these are always there.
_VIEWS = (GroupView, MessageView, FileView, Colors, Phrases)

_ALWAYS_AT_FAULT = (
    _NoSuchNameError,
    jinja2.TemplateSyntaxError,
    jinja2.TemplateNotFound,
    SecurityError,
)


class _Undefined(jinja2.StrictUndefined):
    """What is not there: a name, or a field of ours, is never there; the eleventh message may be
    another time.
    """

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[jinja2.TemplateRuntimeError] = jinja2.UndefinedError,
    ) -> None:
        if exc is jinja2.UndefinedError and (obj is missing or isinstance(obj, _VIEWS)):
            exc = _NoSuchNameError
        super().__init__(hint, obj, name, exc)


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with a short way to the fields of our own values: they are all harmless."""

    _FIELDS: Final = {kind: frozenset(kind.__slots__) for kind in _VIEWS}

    def getattr(self, obj: Any, attribute: str) -> Any:
        fields = self._FIELDS.get(type(obj))
        if fields is not None and attribute in fields:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)


class Templates:
    """Compiled templates; compile once, render many.

    `sources` holds `subject.txt`, `body.txt`, `body.html`, and whatever these include. What a
    template inserts is escaped where its name ends in `.html`. Raises TemplateError.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._environment = _Environment(
            # Naming the file after the template makes tracebacks say where.
            loader=jinja2.FunctionLoader(
                lambda name: (clean(sources[name]), name, None) if name in sources else None
            ),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=_Undefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        missing = [name for name in NAMES if name not in sources]
        if missing:
            raise TemplateError(f"there is no template {missing[0]}; expected {', '.join(NAMES)}")
        self._templates = {name: self._compile(name) for name in NAMES}

    def _compile(self, name: str) -> jinja2.Template:
        try:
            return self._environment.get_template(name)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(
                f"template {error.name or name}, line {error.lineno}: {error.message}"
            ) from error

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """Render one of `NAMES`: lines that end in newlines, none empty at either end.

        Raises ComposeError, naming the file and line; TemplateFaultError where that is certain.
        """
        try:
            text = self._templates[name].render(context)
            # What is inserted is clean, and so are the sources; expressions in them need not be.
            text.encode()
            return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n") + "\n"
        except Exception as error:  # a template can raise anything
            lines = [
                frame.lineno
                for frame in traceback.extract_tb(error.__traceback__)
                if frame.filename == name
            ]
            where = f", line {lines[-1]}" if lines else ""
            kind = TemplateFaultError if isinstance(error, _ALWAYS_AT_FAULT) else ComposeError
            raise kind(f"template {name}{where}: {error}") from error
