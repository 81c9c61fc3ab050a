from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

from app.settings.parsing import RATE, Form
from app.settings.sources import Fault


@dataclass(frozen=True, slots=True)
class Variable:
    """All that is said about one variable; its name is the field's in capitals.

    Defaults are written as they would be in the environment and may refer to an earlier variable by `$NAME`.
    `production_default` takes the default's place in production, `required` allows for none there, and
    `in_production` is what the value must be there beside its form. The example of a secret must break it.
    """

    group: str
    meaning: str
    form: Form
    default: str | None = None
    production_default: str | None = None
    required: bool = False
    in_production: Form | None = None
    secret: bool = False
    example: str = ""

    def absent(self, texts: Mapping[str, str], *, production: bool) -> str | None:
        """The default's text, given those of earlier variables; raises `Fault` where none is allowed for."""
        if production and self.required:
            raise Fault("is required in production")
        default = self.production_default if production and self.production_default else self.default
        return default and Template(default).safe_substitute(texts)

    def read(self, text: str | None, *, production: bool) -> object:
        """The value of a text; raises `Fault`."""
        if text is None:
            return None
        value = _held_to(self.form, text, "")
        if production and self.in_production:
            _held_to(self.in_production, value, " in production")
        return value


def rate_limit(meaning: str, default: str, production_default: str) -> Variable:
    """A variable of the rate limits, which are lenient outside production."""
    return Variable("Rate limits", meaning, RATE, default=default, production_default=production_default)


def _held_to(wanted: Form, value: object, where: str) -> object:
    try:
        return wanted.read(value)
    except Fault:
        raise
    except ValueError:
        raise Fault(f"must be {wanted.description}{where}") from None
