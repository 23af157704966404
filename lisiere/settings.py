"""Settings of one workplace, from the environment (`LISIERE_…`) and `lisiere.env`; read by the doors only."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where things are and how hard to work.

    Args:
        inventory: Folder of the inventory.
        state: Folder of what Lisière itself writes: records, the lab, reports.
        database: PostgreSQL URL of the records; None for a SQLite file in `state`.
        secrets_file: The age-encrypted store of secrets; None for `secrets.age` in `state`.
        identity_file: The age identity that opens it; None for `identity.txt` in `state`.
        ssh_key: Private key of the account that reaches appliances.
        audit_user: The account that audits log in with, one that may only read; None for that of the inventory.
        audit_key: Its private key; None for `ssh_key`.
        templates: A folder of the customer's own templates, asked before ours.
        rules: A folder of the customer's own rule packs, beside ours.
        webhook: Address that notices are posted to as JSON.
        smtp: Mail server that notices are sent through: `smtp://user@host:587` or `smtps://…`; TLS where it offers it.
        smtp_password: Password of that user; never sent in clear.
        mail_from: Sender of notices.
        mail_to: Who gets them, with commas between.
        academie_webhook: Address that what the académie's contact is to be told is posted to.
        academie_mail_to: Who gets it by mail.
        evidence_days: How old what was read may be for an audit to judge what runs by it.
        workers: Sessions kept open at once.
        processes: Processes that share them when many appliances are worked on; None for one per core, up to four.
        timeout_s: Patience with one answer of an appliance.
        revert_in_s: Time after which an unconfirmed commit reverts by itself.
    """

    model_config = SettingsConfigDict(env_prefix="LISIERE_", env_file="lisiere.env", extra="ignore", frozen=True)

    inventory: Path = Path("inventory")
    state: Path = Path(".lisiere")
    database: str | None = None
    secrets_file: Path | None = None
    identity_file: Path | None = None
    ssh_key: Path | None = None
    audit_user: str | None = None
    audit_key: Path | None = None
    templates: Path | None = None
    rules: Path | None = None
    webhook: SecretStr | None = None
    smtp: str | None = None
    smtp_password: SecretStr | None = None
    mail_from: str | None = None
    mail_to: str | None = None
    academie_webhook: SecretStr | None = None
    academie_mail_to: str | None = None
    evidence_days: int = Field(default=30, ge=1, le=3660)
    workers: int = Field(default=50, ge=1, le=500)
    processes: int | None = Field(default=None, ge=1, le=64)
    timeout_s: float = Field(default=30.0, gt=0)
    revert_in_s: int = Field(default=300, ge=120, le=3600)
