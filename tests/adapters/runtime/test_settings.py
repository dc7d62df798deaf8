"""Settings: three sources in growing strength, every fault at once, secrets never shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from migma_runtime import FaultySettings, Migma
from migma_runtime.settings import create_home, load_keys, load_settings
from returns.pipeline import is_successful


def test_arguments_win_over_environment_over_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is the weakest source, the environment stronger, an argument the strongest."""
    (tmp_path / "migma.toml").write_text("lease_seconds = 1\nbatch_size = 2\npolicy = 'strict'\n")
    monkeypatch.setenv("MIGMA_BATCH_SIZE", "3")
    monkeypatch.setenv("MIGMA_LEASE_SECONDS", "4")

    settings = load_settings(home=tmp_path, lease_seconds=5).unwrap()

    assert (settings.policy, settings.batch_size, settings.lease_seconds) == ("strict", 3, 5)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    """Two wrong settings and an unknown one are one error that names all three."""
    (tmp_path / "migma.toml").write_text("lease_seconds = -1\npolicy = 'none'\ncolour = 'red'\n")

    wrong = load_settings(home=tmp_path)

    assert not is_successful(wrong)
    assert all(name in str(wrong.failure()) for name in ("lease_seconds", "policy", "colour"))


def test_a_home_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    """Secrets are made once, readable by their owner only, and never overwritten."""
    settings = load_settings(home=tmp_path / "new").unwrap()

    assert create_home(settings)
    first = (tmp_path / "new" / "keys.toml").read_text()
    assert not create_home(settings)

    assert (tmp_path / "new" / "keys.toml").read_text() == first
    assert stat.S_IMODE((tmp_path / "new" / "keys.toml").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    """Neither the text of the keys nor that of an error about them holds a secret."""
    settings = load_settings(home=tmp_path).unwrap()
    create_home(settings)
    keys = load_keys(settings).unwrap()
    secret = keys.pepper.get_secret_value()

    assert secret not in repr(keys)
    (tmp_path / "keys.toml").write_text(f'pepper = "{secret[:-4]}"\n[token_keys]\n1 = "{secret}"\n')
    wrong = load_keys(settings)

    assert not is_successful(wrong)
    assert secret[:20] not in str(wrong.failure())
    assert "64" in str(wrong.failure())


@pytest.mark.parametrize("name", ["api_key", "secret_access_key", "session_token"])
def test_a_secret_among_the_settings_is_refused(tmp_path: Path, name: str) -> None:
    """Whatever a provider calls it: the settings may be shown to anybody, and so it is named and not shown."""
    (tmp_path / "migma.toml").write_text(f'[providers.ses]\n{name} = "a-secret-of-ours"\n')
    refused = load_settings(home=tmp_path).failure()
    assert "the key of ses does not belong here: put it into keys.toml, under [providers.ses]" in str(refused)
    assert "a-secret-of-ours" not in str(refused)


def test_opening_nothing_says_how_to_begin(tmp_path: Path) -> None:
    """Opening a folder without an installation says which command makes one."""
    with pytest.raises(FaultySettings, match="migma init"):
        Migma.open(home=tmp_path / "nothing")
