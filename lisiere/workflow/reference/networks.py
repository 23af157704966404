# ruff: noqa: RUF001 - French text has its own apostrophe
"""Address sets and services of the reference fleet. Only public resolvers have real addresses, to be blocked."""

from lisiere.model.traffic import AddressSet, Service

_SETS = {
    "academie-mail": ("Messagerie de l’académie", "203.0.113.25/32", "2001:db8:ac00::25/128"),
    "academie-pac": ("Serveur du fichier PAC de l’académie", "203.0.113.21/32", "2001:db8:ac00::21/128"),
    "backup-vault": ("Coffre de sauvegarde du centre de données", "10.52.8.0/28", "fd80:80bb:0:8::/64"),
    "business-software": ("Éditeurs de logiciels de gestion communale", "198.51.100.0/28", "2001:db8:ed00:1::/64"),
    "building-control": ("Supervision du chauffage par le titulaire", "192.0.2.32/29", "2001:db8:ed00:20::/64"),
    "culture-platform": ("Plateforme culturelle des bibliothèques", "192.0.2.48/29", "2001:db8:ed00:30::/64"),
    "geo-platform": ("Plateforme géographique mutualisée", "198.51.100.64/29", "2001:db8:ed00:6::/64"),
    "library-software": ("Éditeur du logiciel de bibliothèque", "198.51.100.32/29", "2001:db8:ed00:3::/64"),
    "mail-hosting": ("Messagerie hébergée des collectivités", "10.52.4.0/28", "fd80:80bb:0:4::/64"),
    "procurement": ("Plateforme de marchés publics", "198.51.100.80/29", "2001:db8:ed00:7::/64"),
    "public-doh": (
        "Résolveurs publics DNS sur HTTPS et TLS",
        "1.0.0.1/32",
        "1.1.1.1/32",
        "8.8.4.4/32",
        "8.8.8.8/32",
        "9.9.9.9/32",
        "94.140.14.14/32",
        "94.140.15.15/32",
        "149.112.112.112/32",
        "208.67.220.220/32",
        "208.67.222.222/32",
        "2001:4860:4860::8844/128",
        "2001:4860:4860::8888/128",
        "2606:4700:4700::1001/128",
        "2606:4700:4700::1111/128",
        "2620:119:35::35/128",
        "2620:119:53::53/128",
        "2620:fe::9/128",
        "2620:fe::fe/128",
        "2a10:50c0::ad1:ff/128",
        "2a10:50c0::ad2:ff/128",
    ),
    "public-works": ("Exploitant du suivi des travaux", "192.0.2.64/29", "2001:db8:ed00:40::/64"),
    "school-publishers": ("Ressources numériques pour l’école", "198.51.100.96/28", "2001:db8:ed00:9::/64"),
    "school-meals": ("Gestion des repas et du périscolaire", "198.51.100.48/29", "2001:db8:ed00:4::/64"),
    "state-platforms": ("Plateformes de l’État pour les communes", "198.51.100.16/28", "2001:db8:ed00:2::/64"),
    "telemetry-hub": ("Concentrateur de télégestion", "10.52.6.0/28", "fd80:80bb:0:6::/64"),
    "tourism-platform": ("Plateforme de réservation touristique", "192.0.2.80/29", "2001:db8:ed00:50::/64"),
    "update-mirror": ("Miroir des mises à jour", "10.52.2.0/28", "fd80:80bb:0:2::/64"),
    "video-relay": ("Relais de vidéoprotection", "10.52.7.0/28", "fd80:80bb:0:7::/64"),
    "voice-platform": ("Téléphonie centralisée", "10.52.5.0/27", "fd80:80bb:0:5::/64"),
    "waste-platform": ("Suivi des bennes et des pesées", "192.0.2.96/29", "2001:db8:ed00:60::/64"),
}

_SERVICES: dict[str, tuple[str, dict[str, list[int | str]]]] = {
    "backup-transfer": ("Transfert de sauvegarde (SFTP)", {"tcp": [22]}),
    "classroom": ("Conduite de classe", {"tcp": [11100]}),
    "file-sharing": ("Partage de fichiers (SMB 3)", {"tcp": [445]}),
    "foreign-names": ("DNS en clair, sur TLS et sur QUIC", {"tcp": [53, 853], "udp": [53, 853]}),
    "https": ("Web chiffré", {"tcp": [443]}),
    "imaps": ("Lecture de la messagerie", {"tcp": [993]}),
    "library-protocol": ("Catalogue de bibliothèque (Z39.50, SIP2)", {"tcp": [210, 6001]}),
    "modbus": ("Automates (Modbus)", {"tcp": [502]}),
    "mqtts": ("Télémesure (MQTT sur TLS)", {"tcp": [8883]}),
    "print": ("Impression (IPP)", {"tcp": [631]}),
    "rtp": ("Voix", {"udp": ["16384-16484"]}),
    "rtsps": ("Flux de vidéoprotection (RTSP sur TLS)", {"tcp": [322]}),
    "session-manager": ("Gestion des postes du public", {"tcp": [8443]}),
    "sips": ("Signalisation téléphonique (SIP sur TLS)", {"tcp": [5061]}),
    "ssh": ("Administration (SSH)", {"tcp": [22]}),
    "submission": ("Envoi de messagerie", {"tcp": [465, 587]}),
    "unsafe-outside": (
        "Partage de fichiers, prise en main, envoi direct de messages",
        {"tcp": [23, 25, "137-139", 445, 3389, "5900-5903"], "udp": ["137-139", 3389]},
    ),
}


def address_sets() -> tuple[AddressSet, ...]:
    """Every address set, by name."""
    return tuple(
        AddressSet.model_validate({"name": name, "title": title, "prefixes": prefixes})
        for name, (title, *prefixes) in sorted(_SETS.items())
    )


def services() -> tuple[Service, ...]:
    """Every service, by name."""
    return tuple(
        Service.model_validate(
            {
                "name": name,
                "title": title,
                "entries": [{"protocol": protocol, "ports": ports} for protocol, ports in entries.items()],
            },
        )
        for name, (title, entries) in sorted(_SERVICES.items())
    )
