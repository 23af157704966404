"""The fictional operator of the reference fleet: servers, accounts, retention, what the académie provides."""

from collections.abc import Mapping

from lisiere.model.operator import Operator
from lisiere.workflow.reference.digest import public_key
from lisiere.workflow.reference.numbers import POOLS

SERVICE_ACCOUNT = "lisiere"
TUNNEL_PARTNER = "academie"
ACADEMIE_NETWORKS = ("172.22.0.0/24", "fd22:ac00::/64")
DOMAIN = "confins.example"

_PEOPLE = {
    "camille-roussel": "Camille Roussel",
    "nadia-benali": "Nadia Benali",
    "yann-lefort": "Yann Lefort",
    SERVICE_ACCOUNT: "Compte de service Lisière",
}
_RETENTION = (
    ("connection-source", 365, 366, "Décret 2021-1361 pris pour CPCE L34-1 : un an à compter de la connexion"),
    ("public-access-traffic", 365, 366, "CPCE L34-1 et R10-13 : accès ouverts au public, un an"),
    ("network-security", 90, 92, "CPCE L34-1 : sécurité des réseaux, trois mois"),
    ("application-access", 180, 365, "CNIL, recommandation sur la journalisation de 2021 : six à douze mois"),
    ("administration", 180, 365, "ANSSI-PA-022 R31 et CNIL, recommandation sur la journalisation de 2021"),
    ("supervision", 92, 365, "ReCyF 2.5, mesure 20.5 : au moins trois mois"),
)
_CATEGORIES = (
    "adult",
    "agressif",
    "cryptojacking",
    "dating",
    "ddos",
    "doh",
    "drogue",
    "gambling",
    "hacking",
    "malware",
    "phishing",
    "redirector",
    "stalkerware",
    "vpn",
    "warez",
)
"""Names of categories as in the lists of Université Toulouse Capitole."""


def operator() -> Operator:
    """The operator's own choices. Its SIREN number fails the check digit: it can be nobody's."""
    return Operator.model_validate(
        {
            "name": "Somme Confins Numériques",
            "siren": "258000001",
            "domain": DOMAIN,
            "time_zone": "UTC",
            "banner": (
                "Acces reserve aux personnes habilitees par Somme Confins Numeriques. Les connexions et les actions "
                "sont journalisees. Tout acces non autorise est puni par les articles 323-1 et suivants du code penal."
            ),
            "pools": POOLS,
            "management_prefixes": ["10.50.0.0/24", "fd80:80aa:0:1::/64"],
            "resolvers": ["10.52.0.53", "10.52.1.53", "fd80:80bb::53", "fd80:80bb:0:1::53"],
            "time_servers": ["10.50.0.123", "10.50.0.124", "fd80:80aa:0:1::123", "fd80:80aa:0:1::124"],
            "collectors": [
                {"address": "10.50.0.61", "port": 514, "protocol": "tcp"},
                {"address": "fd80:80aa:0:1::61", "port": 514, "protocol": "tcp"},
            ],
            "retention": [
                {"log_class": name, "minimum_days": least, "maximum_days": most, "source": source}
                for name, least, most, source in _RETENTION
            ],
            "users": [_user(name, full_name) for name, full_name in _PEOPLE.items()],
            "proxy": {"address": "10.52.0.80", "port": 3128},
            "proxy_port": 3128,
            "filtering": {
                "blocked_categories": _CATEGORIES,
                "blocked_names": ["contournement.example", "proxy-libre.example"],
                "allowed_names": ["ent.academie.example", "legislation.example", "mediatheque-numerique.example"],
            },
            "backup": {"destination": "backup-vault", "service": "backup-transfer"},
            "academie": {
                "name": "Académie des Confins (fictive)",
                "proxy": {"address": "203.0.113.20", "port": 3128},
                "pac_url": "http://pac.academie.example/proxy.pac",
                "pac_host": "academie-pac",
                "resolvers": ["203.0.113.53", "203.0.113.54", "2001:db8:ac00::53", "2001:db8:ac00::54"],
                "tunnel_partner": TUNNEL_PARTNER,
                "tunnel_proxy": {"address": "172.22.0.20", "port": 3128},
                "tunnel_pac_url": "http://pac.tunnel.academie.example/proxy.pac",
            },
            "doh_resolvers": "public-doh",
        },
    )


def _user(name: str, full_name: str) -> Mapping[str, object]:
    return {
        "name": name,
        "full_name": full_name,
        "keys": [{"name": name, "type": "ssh-ed25519", "key": public_key(f"user/{name}")}],
    }
