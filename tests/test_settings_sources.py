import os
from pathlib import Path
from time import thread_time

import pytest

from app.settings import VARIABLES, Settings
from tests.test_settings import SHELL_NAMES, faults_of
from tests.test_settings_documents import uncommented


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment in which no setting is set."""
    for name in SHELL_NAMES:
        monkeypatch.delenv(name, raising=False)
    directory = tmp_path / "work"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


@pytest.mark.parametrize("field", [field for field in VARIABLES if field != "signing_keys_file"])
@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_every_variable_may_come_from_a_file(tmp_path: Path, field: str, ending: str) -> None:
    example = uncommented()[field.upper()]
    file = tmp_path / "value"
    file.write_bytes(f"{example}{ending}".encode())
    assert Settings.load({f"{field.upper()}_FILE": str(file)}) == Settings.load({field.upper(): example})


def test_a_variable_and_its_file_at_once_are_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text("info")
    assert faults_of({"LOG_LEVEL": "debug", "LOG_LEVEL_FILE": str(file)}) == {
        "LOG_LEVEL": "is set together with LOG_LEVEL_FILE: keep one of them"
    }


def test_a_file_takes_the_place_of_an_empty_variable_and_an_empty_file_is_no_value(
    tmp_path: Path,
) -> None:
    file = tmp_path / "value"
    file.write_text("debug")
    assert Settings.load({"LOG_LEVEL": "", "LOG_LEVEL_FILE": str(file)}).log_level == "debug"
    file.write_text("\n")
    environ = {"APP_ENV": "production", "SECRET_KEY": "", "SECRET_KEY_FILE": str(file)}
    assert faults_of(environ)["SECRET_KEY"] == "is required in production"


def test_app_env_from_a_file_makes_the_process_a_production_process(tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text("production")
    assert "SECRET_KEY" in faults_of({"APP_ENV_FILE": str(file)})


def test_a_file_that_cannot_be_read_is_a_fault_of_the_variable_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"x" * 65_537)
    (tmp_path / "lines").write_bytes(b"canary\ncanary\n")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    expected = {
        "missing": "names no file",
        ".": "names no file",
        "pipe": "names no file",
        "loop": "names no file",
        "nul\0": "names no file",
        "x" * 300: "cannot be read (File name too long)",
        "binary": "does not hold UTF-8 text",
        "large": "is larger than 65536 bytes",
        "lines": "must be a single line of printable text",
    }
    assert {name: faults_of({"SECRET_KEY_FILE": f"{tmp_path}/{name}"}) for name in expected} == {
        name: {"SECRET_KEY_FILE": why} for name, why in expected.items()
    }


def test_the_process_environment_is_read_where_none_is_given(shell: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(shell.iterdir()) == []
    assert Settings.load() == Settings.load({})
    monkeypatch.setenv("LOG_LEVEL", "error")
    assert Settings.load().log_level == "error"


def test_development_reads_dotenv_beneath_the_environment(shell: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shell / ".env").write_text('# ours\nexport LOG_LEVEL=debug\nLOG_FORMAT="json"\nBCRYPT_COST=10\nJWT_AUDIENCE\n')
    monkeypatch.setenv("LOG_LEVEL", "error")
    monkeypatch.setenv("BCRYPT_COST", "")
    settings = Settings.load()
    assert (settings.log_level, settings.log_format, settings.bcrypt_cost) == ("error", "json", 12)
    assert settings.jwt_audience == "evenstar"
    assert "LOG_FORMAT" not in os.environ
    monkeypatch.setenv("APP_ENV", "development")
    assert Settings.load() == settings
    monkeypatch.setenv("APP_ENV", "")
    assert Settings.load() == settings


@pytest.mark.parametrize("environment", ["production", "test", "canary"])
@pytest.mark.parametrize("by_file", [False, True])
def test_dotenv_is_for_development_only(
    shell: Path, monkeypatch: pytest.MonkeyPatch, environment: str, *, by_file: bool
) -> None:
    (shell / ".env").write_text("LOG_LEVEL=wrong\n")
    (shell / "environment").write_text(environment)
    monkeypatch.setenv("BCRYPT_COST", "4")
    monkeypatch.setenv(*(("APP_ENV_FILE", "environment") if by_file else ("APP_ENV", environment)))
    faults = faults_of(None)
    assert "BCRYPT_COST" in faults
    assert "LOG_LEVEL" not in faults


def test_dotenv_may_try_out_production(shell: Path) -> None:
    (shell / ".env").write_text("APP_ENV=production\n")
    assert "SECRET_KEY" in faults_of(None)


def test_a_dotenv_that_cannot_be_understood_is_reported_with_the_other_faults(
    shell: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BCRYPT_COST", "4")
    (shell / ".env").write_text('LOG_LEVEL=debug\nSECRET_KEY="canary\nLOG_FORMAT=json\n')
    faults = faults_of(None)
    assert faults[".env"] == "cannot be understood on line 2"
    assert set(faults) == {".env", "BCRYPT_COST"}
    (shell / ".env").write_bytes(b"LOG_LEVEL=\xff")
    assert faults_of(None)[".env"] == "does not hold UTF-8 text"


def test_a_directory_named_dotenv_is_no_dotenv(shell: Path) -> None:
    (shell / ".env").mkdir()
    assert Settings.load() == Settings.load({})


@pytest.mark.no_cover
def test_loading_takes_less_than_50_milliseconds(shell: Path) -> None:
    (shell / ".env").write_text("\n".join(f'{name}="{value}"' for name, value in uncommented().items()))

    def seconds() -> float:
        start = thread_time()
        Settings.load()
        return thread_time() - start

    assert min(seconds() for _ in range(5)) < 0.05
