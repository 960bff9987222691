"""The one table verdict → symbol → colour → class, and the Swedish words for codes. Used everywhere."""

from __future__ import annotations

from typing import NamedTuple

from psykanalys.present.palette import ACCENT, SOFT, SURE
from psykanalys.verdicts import Word


class Look(NamedTuple):
    """How a verdict looks: a symbol that carries the meaning without colour, a colour, a class of the page's style."""

    symbol: str
    colour: str
    css: str


LOOKS: dict[Word, Look] = {
    Word.SURELY_REACHED: Look("●", SURE, "sure"),
    Word.REACHED: Look("●", ACCENT, "counted"),
    Word.LIKELY_REACHED: Look("◕", ACCENT, "likely"),
    Word.UNDECIDED: Look("◐", SOFT, "open"),
    Word.LIKELY_NOT_REACHED: Look("◔", ACCENT, "likely"),
    Word.NOT_REACHED: Look("○", ACCENT, "counted"),
    Word.NOT_REACHED_PROTECTED: Look("○", ACCENT, "counted"),
    Word.SURELY_NOT_REACHED: Look("○", SURE, "sure"),
    Word.BASELINE: Look("△", SOFT, "open"),
    Word.INSUFFICIENT: Look("?", SOFT, "open"),
    Word.MEASURES_OTHER: Look("≠", SOFT, "open"),
    Word.NOT_TESTABLE: Look("∅", SOFT, "open"),
    Word.PROTECTED: Look("▪", SOFT, "open"),
    Word.MISSING: Look("–", SOFT, "open"),
}

MEANINGS: dict[Word, str] = {
    Word.SURELY_REACHED: "hela 95-procentsintervallet ligger på den önskade sidan om målet",
    Word.LIKELY_REACHED: "hela 80-procentsintervallet ligger på den önskade sidan om målet, men inte hela 95-procentsintervallet",
    Word.UNDECIDED: "underlaget räcker inte för att säga på vilken sida om målet läget är",
    Word.LIKELY_NOT_REACHED: "hela 80-procentsintervallet ligger på fel sida om målet, men inte hela 95-procentsintervallet",
    Word.SURELY_NOT_REACHED: "hela 95-procentsintervallet ligger på fel sida om målet",
    Word.REACHED: "allt är räknat, så ingen slump ingår: målet är nått",
    Word.NOT_REACHED: "allt är räknat, eller ett enda motexempel räcker: målet är inte nått",
    Word.BASELINE: "resultatet är äldre än planen eller står i planen själv; det säger var länet började",
    Word.INSUFFICIENT: "dokumentet anger varken antal eller intervall, så säkerheten kan inte bedömas",
    Word.MEASURES_OTHER: "resultatet mäter något annat än målet",
    Word.NOT_TESTABLE: "målet anger ingen andel, omfattning eller siffra",
    Word.PROTECTED: "antalet visas inte, för att ingen enskild ska kunna kännas igen",
    Word.NOT_REACHED_PROTECTED: "minst en händelse finns, men antalet visas inte",
    Word.MISSING: "dokumenten innehåller inget resultat",
}

LEVELS = {"long": "lång sikt", "short": "kort sikt", "both": "lång och kort sikt", "unmarked": "ej märkt"}
JOINT = {"yes": "ja", "no": "nej", "not_stated": "anges inte"}
STATES = {
    "done": "genomfört",
    "under_way": "pågår",
    "planned": "planerat",
    "not_begun": "inte påbörjat",
    "unknown": "uppgift saknas",
}
STATUSES = {
    "approximate": "cirka",
    "at_least": "minst",
    "at_most": "högst",
    "forecast": "prognos",
    "not_reported": "redovisas inte",
    "not_applicable": "ej tillämpligt",
    "missing_in_extract": "tabellen saknas i textutdraget",
    "suppressed": "skyddat",
}
DIRECTIONS = {
    "higher": "högre",
    "much_higher": "betydligt högre",
    "slightly_higher": "något högre",
    "lower": "lägre",
    "much_lower": "betydligt lägre",
    "slightly_lower": "något lägre",
    "similar": "i nivå med",
    "increasing": "ökar",
    "decreasing": "minskar",
    "unchanged": "oförändrat",
}
MARKERS = {
    "increasing": "ökar",
    "decreasing": "minskar",
    "no_change": "ingen säkerställd förändring",
    "not_enough_points": "prövas inte",
    "not_estimable": "går inte att pröva",
}


INDICATOR_KINDS = {
    "yes_no": "ja/nej",
    "count": "antal",
    "share": "andel",
    "statistic": "statistik",
    "none": "saknas",
}
MEASURES = {"goal": "målet", "activity": "att aktiviteten är gjord", "other": "något annat"}
FINDING_KINDS = {
    "arithmetic": "räkning",
    "unit": "enhet",
    "denominator": "nämnare",
    "contradiction": "motsägelse",
    "measures_other": "mäter annat",
    "younger_than_plan": "tidsordning",
    "missing_in_extract": "saknas i utdraget",
    "no_denominator": "nämnare saknas",
    "no_baseline": "utgångsläge saknas",
    "period": "period",
    "wording": "ordalydelse",
    "duplicate": "upprepning",
    "reference": "hänvisning",
    "structure": "uppställning",
    "outdated": "inaktuellt",
    "other": "övrigt",
}
REASONS = {
    "no_due_date": "målet saknar måltidpunkt",
    "approximate": "siffran är ungefärlig",
    "range": "siffran anges som ett spann",
    "published_limits": "intervallet är dokumentets eget",
    "in_the_period": "gäller perioden, inte den underliggande risken",
    "no_denominator": "nämnare anges inte",
    "baseline": "resultatet är äldre än planen eller står i planen själv",
    "counterexample": "ett motexempel räcker",
    "non_response": "alla svarade inte",
}
OPERATORS = {">=": "minst", "<=": "högst", ">": "mer än", "<": "mindre än", "=": "", "between": ""}
DEVELOPMENTS = {
    "increase": "ska öka",
    "decrease": "ska minska",
    "growth_stops": "ökningen ska upphöra",
    "growth_slows": "ökningstakten ska minska",
    "yes": "ska finnas",
}
DIFFERENCES = {"when": "period", "sex": "kön", "age": "ålder", "level": "grupp eller nivå"}
NATURES = {
    "process": "löpande verksamhet",
    "events": "händelser eller personer",
    "sample": "urval",
    "census": "alla räknade",
    "census_with_nonresponse": "alla tillfrågade, med bortfall",
}
# Abbreviations that the documents use, written out. A report lists those that occur in it.
GLOSSARY = {
    "ACT": "metod för stöd och behandling; på olika ställen i dokumenten olika metoder med samma förkortning",
    "ADHD": "uppmärksamhetsstörning med hyperaktivitet",
    "ASQ:SE": "frågeformulär om små barns sociala och känslomässiga utveckling",
    "AST": "autismspektrumtillstånd",
    "AUDIT": "test av alkoholvanor",
    "BCFPI": "telefonintervju om barn och familj",
    "BUH": "barn- och ungdomshabilitering",
    "BUP": "barn- och ungdomspsykiatri",
    "BUS": "barn och unga i behov av särskilt stöd",
    "BVC": "barnavårdscentral",
    "CBT": "kognitiv beteendeterapi (engelsk förkortning)",
    "CM": "case management, samordning av insatser genom en utsedd person",
    "DBT": "dialektisk beteendeterapi",
    "DUDIT": "test av drogvanor",
    "EMDR": "behandling vid trauma",
    "ESL": "Ett självständigt liv, träning av sociala färdigheter",
    "FaR": "fysisk aktivitet på recept",
    "FAR": "fysisk aktivitet på recept",
    "GU": "förklaras inte i dokumentet",
    "HBTQ": "homosexuella, bisexuella, transpersoner och queera",
    "HC": "hälsocentral",
    "HLT": "Hälsa, lärande, trygghet: team i samverkan mellan skola, socialtjänst och hälsocentral",
    "HME": "hållbart medarbetarengagemang (enkät)",
    "HVB": "hem för vård eller boende",
    "IAPT": "program för bättre tillgång till psykologisk behandling",
    "IPS": "arbete med stöd (Individual Placement and Support)",
    "KBT": "kognitiv beteendeterapi",
    "KVÅ": "klassifikation av vårdåtgärder",
    "LEVA": "namn på ett brukarråd",
    "LPT": "lagen om psykiatrisk tvångsvård",
    "LSS": "lagen om stöd och service till vissa funktionshindrade",
    "LUPP": "enkät om ungas livsvillkor (Lokal uppföljning av ungdomspolitiken)",
    "MHV": "mödrahälsovård",
    "MUCF": "Myndigheten för ungdoms- och civilsamhällesfrågor",
    "NEP": "neuropsykiatrisk (utredning)",
    "NPF": "neuropsykiatriska funktionsnedsättningar",
    "NSPH": "Nationell samverkan för psykisk hälsa",
    "ORS": "självskattning av måendet vid samtal",
    "PTP": "praktisk tjänstgöring för psykologer",
    "PTSD": "posttraumatiskt stressyndrom",
    "PV": "primärvård",
    "QPS": "enkät om arbetsmiljö (QPSNordic)",
    "RACT": "resursgrupps-ACT: samordnat stöd runt en person",
    "RSMH": "Riksförbundet för social och mental hälsa",
    "SAM": "Samverka, agera, motivera: projekt för ungas psykiska hälsa",
    "SDQ": "frågeformulär om barns styrkor och svårigheter",
    "SFI": "svenska för invandrare",
    "SIP": "samordnad individuell plan",
    "SKL": "Sveriges Kommuner och Landsting (i dag Sveriges Kommuner och Regioner)",
    "SRS": "självskattning av samtalet",
    "VC": "verksamhetschef",
    "VEC": "förklaras inte i dokumentet",
    "VLL": "Västerbottens läns landsting",
    "VO": "förklaras inte i dokumentet",
    "WHODAS": "skattning av funktionsförmåga",
    "YAM": "Youth Aware of Mental Health, program för elever i högstadiet",
    "ÖNH": "öron-, näs- och halssjukvård",
}
