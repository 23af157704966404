"""What is wrong with the policies of a fleet, or may be: grouped by rule, with the sites that it concerns.

What is looked for, and how grave it is:

- shadowed: a rule that can never match, because earlier ones take its packets. An error where all of these do the
  contrary, so that nothing of the rule's purpose is served at a site; a warning where that is so for a part of it; a
  note where they do the same.
- redundant: a rule that decides, and without which later rules would decide the same. A note. Rules that deny what the
  default would deny are none: they keep closed what a later layer may open.
- over-wide: an allowing rule from any source to any destination between a LAN zone and `wan` (a warning; an error when
  it lets the Internet in), one for any protocol (an error), one for more than 256 ports of a protocol (a warning).
- flow: a rule whose flow has ended (an error) or is past its review date (a warning); a flow that no rule of any site
  serves (a warning).
- ending: an exception, a bypass, a partner or a flow that ends within 30 days, or has ended (a warning).
"""

from collections.abc import Sequence

from lisiere.model.fleet import Fleet
from lisiere.model.intent import SiteIntent
from lisiere.policy.dates import ending, flow_findings
from lisiere.policy.finding import PolicyFinding, Severity
from lisiere.policy.frozen import PolicyBook
from lisiere.policy.idle import idle_rules
from lisiere.policy.matrix import rule_uses
from lisiere.policy.wide import over_wide


def lint(fleet: Fleet, intents: Sequence[SiteIntent]) -> tuple[PolicyFinding, ...]:
    """All findings, the gravest first, then by what they are about.

    Args:
        fleet: What was declared; ends and reviews are judged on its day.
        intents: What became of it on that day, site by site.
    """
    book = PolicyBook()
    found = (
        *idle_rules((one.name, book.policy(one)) for one in intents),
        *over_wide(intents),
        *flow_findings(fleet, rule_uses(intents)),
        *ending(fleet),
    )
    ranks = list(Severity)
    return tuple(sorted(found, key=lambda one: (ranks.index(one.severity), one.kind, one.subject, one.message)))
