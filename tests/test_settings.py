from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from app.settings import VARIABLES, RateLimit, Settings, SettingsError

SECRET = "9f2Kd-Lq7_ZxW4mTb8RvYc1NhPs6GjUe"
NAMES = [field.upper() for field in VARIABLES]
SHELL_NAMES = sorted({*NAMES, *(f"{name}_FILE" for name in NAMES)})


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """The least that production takes."""
    keys = tmp_path / "keys.json"
    keys.write_text("{}")
    keys.chmod(0o600)
    return {
        "APP_ENV": "production",
        "BASE_URL": "https://todo.example.org",
        "DATABASE_URL": "postgresql://evenstar:pw@db.internal/evenstar",
        "REDIS_URL": "rediss://cache.internal:6380/1",
        "ALLOWED_HOSTS": "todo.example.org",
        "SECRET_KEY": SECRET,
        "SIGNING_KEYS_FILE": str(keys),
        "SMTP_URL": "smtp://mail.internal",
        "MAIL_FROM": "Evenstar <no-reply@todo.example.org>",
    }


def faults_of(environ: Mapping[str, str] | None) -> dict[str, str]:
    with pytest.raises(SettingsError) as raised:
        Settings.load(environ)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    faults = dict(raised.value.faults)
    assert len(faults) == len(raised.value.faults)
    assert str(raised.value) == "\n".join(
        ["The settings cannot be used:", *(f"  {name} {why}" for name, why in faults.items())]
    )
    return faults


def test_an_empty_environment_is_a_development_environment_with_every_default() -> None:
    assert Settings.load({}) == Settings(
        app_env="development",
        debug=False,
        base_url="http://127.0.0.1:8000",
        data_dir=Path(".data"),
        log_level="info",
        log_format="auto",
        database_url=None,
        database_pool_size=10,
        database_timeout_seconds=5,
        redis_url=None,
        allowed_hosts=(),
        cors_origins=(),
        trusted_proxies=(),
        secret_key=None,
        signing_keys_file=Path(".data/signing-keys.json"),
        jwt_issuer="http://127.0.0.1:8000",
        jwt_audience="evenstar",
        bcrypt_cost=12,
        auth_email_verification="optional",
        smtp_url=None,
        mail_from="Evenstar <no-reply@localhost>",
        frontend_url=None,
        rate_limit_login=RateLimit(1000, 60),
        rate_limit_login_hour=RateLimit(10_000, 3600),
        rate_limit_register=RateLimit(1000, 3600),
        rate_limit_refresh=RateLimit(1000, 60),
        rate_limit_forgot=RateLimit(1000, 3600),
        rate_limit_forgot_account=RateLimit(1000, 3600),
        rate_limit_api=RateLimit(100_000, 60),
    )


def test_the_test_environment_has_the_defaults_of_development() -> None:
    development, test = Settings.load({}), Settings.load({"APP_ENV": "test"})
    differing = {field for field in VARIABLES if getattr(development, field) != getattr(test, field)}
    assert differing == {"app_env"}


def test_production_has_strict_defaults(production: dict[str, str]) -> None:
    settings = Settings.load(production)
    assert settings.app_env == "production"
    assert settings.debug is False
    assert settings.jwt_issuer == "https://todo.example.org"
    assert settings.auth_email_verification == "required"
    assert settings.cors_origins == ()
    assert settings.trusted_proxies == ()
    assert settings.rate_limit_login == RateLimit(10, 60)
    assert settings.rate_limit_login_hour == RateLimit(100, 3600)
    assert settings.rate_limit_register == RateLimit(5, 3600)
    assert settings.rate_limit_refresh == RateLimit(30, 60)
    assert settings.rate_limit_forgot == RateLimit(10, 3600)
    assert settings.rate_limit_forgot_account == RateLimit(3, 3600)
    assert settings.rate_limit_api == RateLimit(600, 60)


def test_production_names_everything_that_is_missing_at_once() -> None:
    assert faults_of({"APP_ENV": "production"}) == dict.fromkeys(
        [
            "BASE_URL",
            "DATABASE_URL",
            "REDIS_URL",
            "ALLOWED_HOSTS",
            "SECRET_KEY",
            "SIGNING_KEYS_FILE",
            "SMTP_URL",
            "MAIL_FROM",
        ],
        "is required in production",
    )


def test_an_empty_variable_counts_as_none(production: dict[str, str]) -> None:
    assert Settings.load(dict.fromkeys(SHELL_NAMES, "")) == Settings.load({})
    assert faults_of({**production, "SECRET_KEY": ""}) == {"SECRET_KEY": "is required in production"}


def test_unknown_variables_are_ignored() -> None:
    assert Settings.load({"SECRET_KEI": "x", "JWT_SECRET": "x", "SIGNING_KEYS_FILE_FILE": "/x"}) == Settings.load({})


def test_settings_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Settings.load({}).debug = True  # pyright: ignore[reportAttributeAccessIssue] -- what is tested


def test_what_follows_from_another_variable_follows_its_value() -> None:
    settings = Settings.load({"BASE_URL": "http://localhost:9000", "DATA_DIR": "/var/lib/evenstar"})
    assert settings.jwt_issuer == "http://localhost:9000"
    assert settings.signing_keys_file == Path("/var/lib/evenstar/signing-keys.json")


def test_what_follows_from_a_variable_at_fault_is_no_second_fault() -> None:
    assert set(faults_of({"BASE_URL": "x" * 300, "DATA_DIR": "a\0b"})) == {"BASE_URL", "DATA_DIR"}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("DEBUG", "true", "must be off in production"),
        ("BASE_URL", "http://todo.example.org", "must be an `https` origin in production"),
        ("ALLOWED_HOSTS", "a.example,*", "must be without `*` in production"),
        ("CORS_ORIGINS", "https://a.example,*", "must be without `*` in production"),
        *(
            ("SECRET_KEY", text, "must be random, and neither a pattern nor an example in production")
            for text in (
                "a" * 64,
                "abcdefghi" * 8,
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                "0123456789abcdef0123456789abcdef",
                "qwertyuiop" * 4,
                "aA0z~!A~0!azA0~a!z0A~az!0aA!~z0Aa",
                f"Change-Me-{SECRET}",
                f"CHANGEME{SECRET}",
                f"{SECRET}example",
                f"insecure{SECRET}",
            )
        ),
        (
            "DATABASE_URL",
            "postgresql://u:changeme@h/d",
            "must be without the password of an example in production",
        ),
        (
            "DATABASE_URL",
            "postgresql://u:%65xample@h/d",
            "must be without the password of an example in production",
        ),
        (
            "DATABASE_URL",
            "postgresql://u@h/d?password=change_me",
            "must be without the password of an example in production",
        ),
        ("REDIS_URL", "redis://:placeholder@h", "must be without the password of an example in production"),
    ],
)
def test_production_refuses_what_is_unsafe(production: dict[str, str], name: str, text: str, why: str) -> None:
    assert faults_of({**production, name: text}) == {name: why}
    assert getattr(Settings.load({name: text}), name.lower())


@pytest.mark.parametrize("key", [SECRET, "7d9f1c3e8a2b5046e1f0d7c9b8a3642f", "Ünter-7-Brücken müßt'ich gehn, 4x9!"])
def test_production_takes_a_random_key(production: dict[str, str], key: str) -> None:
    assert Settings.load({**production, "SECRET_KEY": key}).secret_key == key


def test_production_reports_unsafe_missing_and_malformed_values_at_once(tmp_path: Path) -> None:
    unsafe = {
        "APP_ENV": "production",
        "DEBUG": "yes",
        "BASE_URL": "http://canary.example",
        "LOG_LEVEL": "canary",
        "DATABASE_URL": "postgresql://canary:example@canary/canary",
        "DATABASE_POOL_SIZE": "canary",
        "ALLOWED_HOSTS": "*",
        "CORS_ORIGINS": "https://canary.example,*",
        "TRUSTED_PROXIES": "canary",
        "SECRET_KEY": "canary",
        "SECRET_KEY_FILE": str(tmp_path / "canary"),
        "SIGNING_KEYS_FILE": str(tmp_path / "canary"),
        "JWT_AUDIENCE_FILE": str(tmp_path / "canary"),
        "RATE_LIMIT_LOGIN": "canary",
    }
    with pytest.raises(SettingsError) as raised:
        Settings.load(unsafe)
    assert [name for name, _ in raised.value.faults] == [
        "DEBUG",
        "BASE_URL",
        "LOG_LEVEL",
        "DATABASE_URL",
        "DATABASE_POOL_SIZE",
        "REDIS_URL",
        "ALLOWED_HOSTS",
        "CORS_ORIGINS",
        "TRUSTED_PROXIES",
        "SECRET_KEY",
        "SIGNING_KEYS_FILE",
        "JWT_AUDIENCE_FILE",
        "SMTP_URL",
        "MAIL_FROM",
        "RATE_LIMIT_LOGIN",
    ]
    assert all(f"\n  {name} " in str(raised.value) for name, _ in raised.value.faults)
    assert "canary" not in f"{raised.value}{raised.value!r}"


@examples(deadline=None)  # a busy machine is no fault of the settings
@given(
    name=st.sampled_from(SHELL_NAMES),
    text=st.text(st.characters(codec=None, categories=None, exclude_categories=()), max_size=60),
    environment=st.sampled_from(["development", "production", "test"]),
)
def test_no_text_of_any_variable_is_told_but_a_harmless_one(name: str, text: str, environment: str) -> None:
    try:
        settings = Settings.load({"APP_ENV": environment, name: f"canary{text}canary"})
    except SettingsError as error:
        told = f"{error} {error!r}"
    else:
        variable = VARIABLES.get(name.lower())
        told = "" if variable and not variable.secret else repr(settings)
    assert "canary" not in told


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o440])
def test_production_takes_signing_keys_that_others_cannot_touch(production: dict[str, str], mode: int) -> None:
    file = Path(production["SIGNING_KEYS_FILE"])
    file.chmod(mode)
    link = file.with_name("link")
    link.symlink_to(file)
    assert Settings.load({**production, "SIGNING_KEYS_FILE": str(link)}).signing_keys_file == link


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o601, 0o777])
def test_production_refuses_signing_keys_that_are_open_to_others(production: dict[str, str], mode: int) -> None:
    Path(production["SIGNING_KEYS_FILE"]).chmod(mode)
    assert faults_of(production) == {
        "SIGNING_KEYS_FILE": "names a file that is open to other users: take their rights away (`chmod o=`)"
    }


def test_production_refuses_signing_keys_that_are_not_there(tmp_path: Path, production: dict[str, str]) -> None:
    for path in (tmp_path / "missing", tmp_path):
        assert faults_of({**production, "SIGNING_KEYS_FILE": str(path)}) == {"SIGNING_KEYS_FILE": "names no file"}
    long = {**production, "SIGNING_KEYS_FILE": str(tmp_path / ("x" * 300))}
    assert faults_of(long) == {"SIGNING_KEYS_FILE": "cannot be read (File name too long)"}


def test_no_representation_shows_a_secret(production: dict[str, str]) -> None:
    production |= {"DATABASE_URL": "postgresql://u:canary1@h/d", "REDIS_URL": "redis://:canary2@h"}
    settings = Settings.load(production)
    shown = f"{settings} {settings!r} {settings.__rich_repr__()} {[settings]}"
    assert SECRET not in shown
    assert "canary" not in shown
    assert "secret_key='***'" in repr(settings)
    assert "jwt_audience='evenstar'" in repr(settings)
    assert "secret_key=None" in repr(Settings.load({}))
