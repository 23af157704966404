"""The sheet for an external partner: all that its end of the tunnels needs, in French; the key goes another way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from lisiere.model.fleet import Fleet
from lisiere.model.intent import Tunnel
from lisiere.model.overlay import Authentication, Overlay, OverlayFlow, Partner
from lisiere.policy.site import resolve_sites
from lisiere.workflow.requests.phrases import Phrase, RequestError, harmless
from lisiere.workflow.requests.sight import Sight

Row = tuple[str, str]
GROUPS = {
    14: "MODP 2048",
    15: "MODP 3072",
    16: "MODP 4096",
    19: "ECP 256",
    20: "ECP 384",
    21: "ECP 521",
    28: "brainpoolP256r1",
    29: "brainpoolP384r1",
    30: "brainpoolP512r1",
    31: "Curve25519",
}
"""The names of groups by their numbers in IKEv2 (IANA, Transform Type 4), for who sets the other end by names."""
AUTHENTICATION = {Authentication.PSK: "clé partagée (PSK)", Authentication.CERTIFICATE: "certificat"}
KEY = "Elle est remise à part, par une autre voie que cette fiche, à la personne nommée ci-dessus."


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with its rows."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet, ready to be written in either form."""

    title: str
    parts: tuple[Part, ...]

    def markdown(self) -> str:
        """The sheet as Markdown."""
        lines = [f"# {_plain(self.title)}", ""]
        for part in self.parts:
            lines += [f"## {_plain(part.title)}", "", "| | |", "|---|---|"]
            lines += [f"| {_plain(name)} | {_plain(value)} |" for name, value in part.rows]
            lines.append("")
        return "\n".join(lines)

    def html(self) -> str:
        """The sheet as one HTML page that fetches nothing."""
        title = _html(self.title)
        head = (
            '<!doctype html><html lang="fr"><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        )
        parts = "".join(f"<h2>{_html(part.title)}</h2><table>{_html_rows(part.rows)}</table>" for part in self.parts)
        return f"{head}<style>{_STYLE}</style><main><h1>{title}</h1>{parts}</main></html>\n"


_STYLE = (
    "body{font:1rem sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}td{overflow-wrap:anywhere}"
    "th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}h2{margin-top:2rem}"
)


def sheet_of(overlay_name: str, partner_name: str, sight: Sight) -> Sheet:
    """The sheet of a partner of an overlay.

    Raises:
        RequestError: There is no such overlay, or partner, for who asks.
    """
    overlay = sight.overlay(overlay_name)
    partner = next((one for one in overlay.partners if one.name == partner_name), None)
    if partner is None:
        known = ", ".join(one.name for one in overlay.partners) or "-"
        raise RequestError(
            Phrase.of(
                "partner: {overlay} has no partner {name}; it has {known}",
                overlay=overlay.title,
                name=partner_name,
                known=known,
            )
        )
    parts = (_general(overlay, partner, sight.fleet), *_tunnels(overlay, partner, sight.fleet), _flows(partner, sight))
    return Sheet(f"Raccordement de {partner.title}", parts)


def _general(overlay: Overlay, partner: Partner, fleet: Fleet) -> Part:
    rows = (
        ("Opérateur", fleet.operator.name),
        ("Réseau privé", overlay.title),
        ("Votre contact", partner.contact),
        ("Fin du raccordement", partner.until.isoformat()),
    )
    has_key = overlay.authentication is Authentication.PSK
    return Part("Généralités", (*rows, ("Clé partagée", KEY)) if has_key else rows)


def _tunnels(overlay: Overlay, partner: Partner, fleet: Fleet) -> Iterator[Part]:
    for site, intent in resolve_sites(fleet, list(partner.sites)).items():
        for tunnel in intent.tunnels:
            if tunnel.is_partner and tunnel.peer == partner.name and tunnel.overlay == overlay.name:
                yield Part(f"Tunnel vers {fleet.appliances[site].data.site}", tuple(_tunnel(tunnel)))


def _tunnel(tunnel: Tunnel) -> Iterator[Row]:
    ike, esp = tunnel.crypto.ike, tunnel.crypto.esp
    yield "Votre adresse", str(tunnel.remote_address)
    yield "Votre identité", tunnel.remote_identity
    yield "Notre adresse", str(tunnel.local_address)
    yield "Notre identité", tunnel.local_identity
    yield "Vos réseaux", _listed(tunnel.remote_prefixes)
    yield "Nos réseaux", _listed(tunnel.local_prefixes)
    yield "Protocole", "IKEv2 et ESP en mode tunnel, sélecteurs statiques"
    yield "Qui commence", "nous" if tunnel.initiates else "vous"
    yield "Authentification", AUTHENTICATION[tunnel.authentication]
    yield "IKE", _listed((ike.encryption, *([ike.integrity] if ike.integrity else []), f"PRF {ike.prf}"))
    yield "IKE, groupe et durée", f"groupe {_group(ike.dh_group)}, {ike.lifetime_s} s"
    yield "ESP", _listed((esp.encryption, *([esp.integrity] if esp.integrity else [])))
    yield "ESP, PFS et durée", f"groupe {_group(esp.pfs_group)}, {esp.lifetime_s} s ou {esp.lifetime_bytes} octets"


def _group(number: int) -> str:
    return f"{number} ({GROUPS[number]})" if number in GROUPS else str(number)


def _flows(partner: Partner, sight: Sight) -> Part:
    return Part("Flux autorisés", tuple(_flow(one, sight) for one in partner.flows))


def _flow(flow: OverlayFlow, sight: Sight) -> Row:
    ends = " → ".join(_listed([sight.title(name) for name in names]) for names in (flow.from_members, flow.to_members))
    entries = (
        f"{entry.protocol}/{_listed(entry.ports)}" if entry.ports else str(entry.protocol)
        for name in flow.services
        for entry in sight.fleet.services[name].entries
    )
    return sight.fleet.flows[flow.flow].title, f"{ends} : {_listed(list(entries))}"


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


def _plain(text: str) -> str:
    """Text that Markdown takes for nothing but text."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>#|!" else char for char in harmless(text, longest=600))


def _html_rows(rows: Sequence[Row]) -> str:
    return "".join(f"<tr><th scope=row>{_html(name)}</th><td>{_html(value)}</td></tr>" for name, value in rows)


def _html(text: str) -> str:
    return escape(harmless(text, longest=600))
