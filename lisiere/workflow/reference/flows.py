# ruff: noqa: RUF001 - French text has its own apostrophe
"""The flows of the reference fleet: who answers for each, why it is there, and on what basis (in French)."""

from collections.abc import Collection

from lisiere.model.traffic import Flow
from lisiere.policy.derived import WELL_KNOWN_FLOWS

OPERATOR = "Somme Confins Numériques"
COMMUNES = "Communes, secrétariat de mairie"
BODIES = "EPCI, direction générale des services"
ACADEMIE = "Académie des Confins, DRASI"

_PUBLIC_TASK = "RGPD art. 6.1.e, mission d’intérêt public"
_SECURITY = "RGPD art. 32, sécurité du traitement"
_CONTRACT = "Convention de services numériques de l’opérateur"
_FILTERING = "Circulaire 2004-035 et code pénal art. 227-24"

_FLOWS = {
    # What derived rules point to.
    "management": (
        "Administration des équipements",
        OPERATOR,
        "Configurer et dépanner depuis le réseau d’administration, et de nulle part ailleurs",
        "ANSSI-PA-022 R15 et R19",
    ),
    "network-control": (
        "Fonctionnement du réseau",
        OPERATOR,
        "Découverte des voisins IPv6, taille des paquets et essais de joignabilité",
        "RFC 4890 et RFC 4861",
    ),
    "name-service": (
        "Résolution de noms",
        OPERATOR,
        "Trouver les services par leur nom, par nos résolveurs",
        _CONTRACT,
    ),
    "time-service": ("Heure", OPERATOR, "Dater les journaux de façon cohérente", "ANSSI, journalisation 2022, R3 à R5"),
    "supervision": (
        "Journaux vers le collecteur",
        OPERATOR,
        "Centraliser et conserver les journaux",
        "ReCyF 2.5, 20.5",
    ),
    "address-service": ("Attribution des adresses", OPERATOR, "Donner leur adresse aux postes du site", _CONTRACT),
    "vpn-tunnels": (
        "Tunnels chiffrés",
        OPERATOR,
        "Relier les sites sans rien laisser passer en clair",
        "ReCyF 2.5, 8.1",
    ),
    "web-access": (
        "Accès au web filtré",
        OPERATOR,
        "Consulter le web par un mandataire qui filtre et trace",
        _FILTERING,
    ),
    "backup": (
        "Sauvegarde au centre de données",
        OPERATOR,
        "Retrouver les données après un sinistre",
        "ReCyF 2.5, 13.1",
    ),
    # Profiles.
    "academie-mail": (
        "Messagerie de l’académie",
        ACADEMIE,
        "Lire et envoyer les messages professionnels",
        _PUBLIC_TASK,
    ),
    "business-software": ("Logiciels de gestion", COMMUNES, "État civil, paie et comptabilité hébergés", _PUBLIC_TASK),
    "classroom": ("Conduite de classe", ACADEMIE, "Accompagner les élèves sur leurs postes", _PUBLIC_TASK),
    "college-server": ("Serveur du collège", ACADEMIE, "Documents et impressions de l’établissement", _PUBLIC_TASK),
    "library-software": ("Logiciel de bibliothèque", BODIES, "Prêts, retours et catalogue", _PUBLIC_TASK),
    "mail": ("Messagerie des collectivités", COMMUNES, "Lire et envoyer les messages de la collectivité", _PUBLIC_TASK),
    "public-computers": ("Postes du public", BODIES, "Ouvrir et fermer les sessions des usagers", "CPCE L34-1"),
    "seat-services": ("Services du siège", BODIES, "Portail et partage de fichiers de la communauté", _PUBLIC_TASK),
    "server-maintenance": (
        "Maintenance des serveurs du site",
        BODIES,
        "Administrer les serveurs depuis le site",
        _SECURITY,
    ),
    "state-exchanges": (
        "Échanges avec l’État",
        COMMUNES,
        "Actes, élections, comptabilité publique",
        "CGCT art. L2131-1",
    ),
    "telemetry": (
        "Télégestion",
        BODIES,
        "Relever les ouvrages et recevoir leurs alarmes",
        "Code de la santé publique, L1321-4",
    ),
    "telephony": ("Téléphonie", OPERATOR, "Téléphoner par la plateforme centrale", _CONTRACT),
    "updates": ("Mises à jour", OPERATOR, "Appliquer les correctifs depuis notre miroir", "ReCyF 2.5, 5.B"),
    # Territories.
    "geo-platform": (
        "Information géographique",
        BODIES,
        "Cadastre et urbanisme de la communauté",
        "Code de l’urbanisme, L423-1",
    ),
    "school-meals": ("Repas et périscolaire", BODIES, "Inscriptions et facturation des repas", _PUBLIC_TASK),
    "tourism-platform": (
        "Réservations touristiques",
        BODIES,
        "Vendre les séjours et les visites",
        "Code du tourisme, L133-3",
    ),
    "waste-platform": ("Suivi des déchets", BODIES, "Relever les pesées des déchetteries", "CGCT art. L2224-13"),
    # Overlays.
    "academie-applications": ("Applications de l’académie", ACADEMIE, "Inscriptions et suivi des élèves", _PUBLIC_TASK),
    "grouped-schools": (
        "Regroupement pédagogique",
        ACADEMIE,
        "Partager les documents des écoles regroupées",
        _PUBLIC_TASK,
    ),
    "publisher-support": (
        "Assistance de l’éditeur",
        BODIES,
        "Dépanner les serveurs du siège",
        "RGPD art. 28, sous-traitance",
    ),
    "publisher-software": (
        "Logiciel chez l’éditeur",
        BODIES,
        "Utiliser le logiciel par le tunnel",
        "RGPD art. 28, sous-traitance",
    ),
    "reading-network": ("Réseau de lecture publique", BODIES, "Catalogue commun des bibliothèques", _PUBLIC_TASK),
    "shared-files": ("Fichiers de la communauté", BODIES, "Partager les dossiers entre mairies et siège", _PUBLIC_TASK),
    "territory-telephony": ("Téléphonie entre sites", BODIES, "Appeler sans sortir du territoire", _CONTRACT),
    "works-telemetry": ("Télégestion entre ouvrages", BODIES, "Asservir les ouvrages les uns aux autres", _PUBLIC_TASK),
    # Exceptions of single sites.
    "building-control": (
        "Conduite du chauffage",
        COMMUNES,
        "Régler le chauffage pendant le marché",
        _CONTRACT,
        "2029-12-31",
    ),
    "culture-pilot": (
        "Essai de plateforme culturelle",
        BODIES,
        "Essai en bibliothèque",
        _PUBLIC_TASK,
        "2028-12-31",
    ),
    "school-pilot": ("Essai de ressources numériques", ACADEMIE, "Essai en collège", _PUBLIC_TASK, "2029-07-31"),
    "video-protection": ("Vidéoprotection", COMMUNES, "Envoyer les images au relais", "CSI art. L251-2", "2029-12-31"),
    "works-follow-up": (
        "Suivi de chantier",
        BODIES,
        "Accès du maître d’œuvre pendant les travaux",
        _CONTRACT,
        "2029-07-31",
    ),
}


def flows(used: Collection[str]) -> tuple[Flow, ...]:
    """The flows that something uses, and those that derived rules point to; by id."""
    wanted = {*used, *WELL_KNOWN_FLOWS}
    return tuple(_flow(name, *words) for name, words in sorted(_FLOWS.items()) if name in wanted)


def _flow(name: str, title: str, owner: str, reason: str, basis: str, until: str | None = None) -> Flow:
    """Reviews are spread over 2027, flows of security first."""
    month = 3 if name in WELL_KNOWN_FLOWS else 6 if until is None else 4
    return Flow.model_validate(
        {
            "id": name,
            "title": title,
            "owner": owner,
            "reason": reason,
            "legal_basis": basis,
            "review_by": f"2027-{month:02d}-30",
            "until": until,
        },
    )
