"""What is broken on the demo's cars, as receptionists write it down in Antwerp and in Namur."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damage:
    """A damage: where on the car, who pays, and the text in the garage's language."""

    zones: tuple[str, ...]
    claim: str
    nl: str
    fr: str

    def text(self, language: str) -> str:
        """In the language of the garage."""
        return self.nl if language == "nl" else self.fr


SMALL = (
    Damage(
        ("right",),
        "private",
        "Kras op het rechterachterportier, tot op de grondverf. Winkelkar op de parking.",
        "Griffe sur la portière arrière droite, jusqu'à l'apprêt. Caddie sur un parking.",
    ),
    Damage(
        ("left",),
        "private",
        "Deukje in het linkervoorportier, lak niet beschadigd. Uitdeuken zonder spuiten.",
        "Petit coup dans la portière avant gauche, peinture intacte. Débosselage sans peinture.",
    ),
    Damage(
        ("rear",),
        "private",
        "Schaafplek op de hoek van de achterbumper, ongeveer 10 cm.",
        "Éraflure sur le coin du pare-chocs arrière, environ 10 cm.",
    ),
    Damage(
        ("wheels",),
        "private",
        "Stoeprandschade aan de velg rechtsvoor, 18 duim, gepolijst.",
        "Jante avant droite abîmée contre une bordure, 18 pouces, finition polie.",
    ),
    Damage(
        ("front",),
        "own_damage",
        "Steenslag op de motorkap, een tiental puntjes. Bijwerken en polijsten.",
        "Impacts de gravillons sur le capot, une dizaine. Retouches et polissage.",
    ),
    Damage(
        ("left",),
        "own_damage",
        "Spiegelkap links gebroken door een voorbijrijdende bestelwagen. Spiegel werkt nog.",
        "Coque du rétroviseur gauche cassée par une camionnette. Le rétroviseur fonctionne encore.",
    ),
    Damage(
        ("right",),
        "private",
        "Sleutelkras over beide rechterportieren, oppervlakkig. Volstaat polijsten?",
        "Griffe de clé sur les deux portières droites, en surface. Un polissage suffit-il ?",
    ),
    Damage(
        ("rear",),
        "private",
        "Deuk in de kofferklep boven de nummerplaat, trekhaak van de buren.",
        "Creux dans le hayon au-dessus de la plaque, crochet d'attelage du voisin.",
    ),
)
"""For the flow *Smart repair*."""

LARGE = (
    Damage(
        ("rear",),
        "direct_settlement",
        "Achteraan aangereden aan de verkeerslichten. Bumper, achterpaneel en rechterachterlicht.",
        "Percuté à l'arrière aux feux. Pare-chocs, panneau arrière et feu arrière droit.",
    ),
    Damage(
        ("left",),
        "direct_settlement",
        "Zijdelings geraakt op een rotonde. Linkervoorvleugel en portier gedeukt, deur klemt.",
        "Touché de côté dans un rond-point. Aile et portière avant gauches, la porte coince.",
    ),
    Damage(
        ("front",),
        "own_damage",
        "Ree aangereden bij schemering. Voorbumper, rooster, koplamp links en motorkap.",
        "Collision avec un chevreuil à la tombée du jour. Pare-chocs, calandre, phare et capot.",
    ),
    Damage(
        ("roof", "front"),
        "limited_omnium",
        "Hagelschade op dak, motorkap en beide vleugels. Ongeveer zestig deuken.",
        "Dégâts de grêle sur le toit, le capot et les deux ailes. Une soixantaine d'impacts.",
    ),
    Damage(
        ("right",),
        "own_damage",
        "Tegen een paaltje gereden in de parkeergarage. Rechterachterflank en dorpel ingedeukt.",
        "Accroché un poteau dans un parking souterrain. Flanc arrière droit et bas de caisse.",
    ),
    Damage(
        ("front",),
        "third_party",
        "Kop-staartaanrijding op de ring, lage snelheid. Bumper, parkeersensoren en draagbalk.",
        "Collision en chaîne à faible vitesse. Pare-chocs, capteurs de stationnement et traverse.",
    ),
    Damage(
        ("rear", "left"),
        "direct_settlement",
        "Geparkeerd aangereden, tegenpartij bekend. Achterbumper, linkerflank en wielkast.",
        "Percuté en stationnement, tiers connu. Pare-chocs arrière, flanc gauche, passage de roue.",
    ),
    Damage(
        ("glass",),
        "limited_omnium",
        "Voorruit gebarsten over de hele breedte. Camera achter de ruit moet gekalibreerd worden.",
        "Pare-brise fendu sur toute la largeur. Caméra à calibrer après remplacement.",
    ),
    Damage(
        ("right",),
        "direct_settlement",
        "Portier tegen fietser geopend, portierrand en scharnier rechtsvoor verbogen.",
        "Portière ouverte contre un cycliste, bord et charnière avant droits tordus.",
    ),
    Damage(
        ("front", "wheels"),
        "own_damage",
        "In de gracht gereden bij gladheid. Voorbumper, onderbescherming en wielophanging links.",
        "Sortie de route sur verglas. Pare-chocs avant, protection inférieure, suspension gauche.",
    ),
    Damage(
        ("left",),
        "own_damage",
        "Diepe krassen over de volledige linkerkant, vandalisme. Pv opgemaakt.",
        "Griffes profondes sur tout le côté gauche, vandalisme. Procès-verbal dressé.",
    ),
    Damage(
        ("roof", "glass"),
        "limited_omnium",
        "Tak op het dak gevallen bij storm. Dak ingedeukt, panoramisch dak gebarsten.",
        "Branche tombée sur le toit pendant la tempête. Toit enfoncé, toit panoramique fendu.",
    ),
    Damage(
        ("rear",),
        "third_party",
        "Bij het achteruitrijden tegen een laadkade. Kofferklep sluit niet meer, bumper gescheurd.",
        "Marche arrière contre un quai de chargement. Le hayon ne ferme plus, pare-chocs déchiré.",
    ),
    Damage(
        ("right", "wheels"),
        "direct_settlement",
        "Vrachtwagen week uit op de autosnelweg. Rechterflank van voor tot achter, twee velgen.",
        "Camion déporté sur l'autoroute. Flanc droit de l'avant à l'arrière, deux jantes.",
    ),
    Damage(
        ("front",),
        "direct_settlement",
        "Voorrang van rechts niet gekregen. Voorbumper, rechterkoplamp en vleugel, airbag intact.",
        "Priorité de droite non respectée par le tiers. Pare-chocs, phare et aile, airbag intact.",
    ),
    Damage(
        ("left", "glass"),
        "limited_omnium",
        "Inbraak: zijruit linksachter stuk, portierrubber en slot beschadigd.",
        "Effraction : vitre arrière gauche brisée, joint et serrure abîmés.",
    ),
    Damage(
        ("rear",),
        "own_damage",
        "Trekhaak afgebroken op een drempel. Achterbumper en diffuser gescheurd.",
        "Attelage arraché sur un ralentisseur. Pare-chocs arrière et diffuseur déchirés.",
    ),
    Damage(
        ("front", "left"),
        "own_damage",
        "Betonpaal geraakt bij het parkeren. Linkervoorvleugel, bumper en mistlicht.",
        "Borne en béton heurtée en se garant. Aile avant gauche, pare-chocs, antibrouillard.",
    ),
    Damage(
        ("right",),
        "private",
        "Roest aan de rechterwielkast en dorpel. Uitslijpen, plaat zetten en spuiten.",
        "Rouille au passage de roue droit et au bas de caisse. Découpe, tôle et peinture.",
    ),
    Damage(
        ("roof",),
        "private",
        "Blanke lak van dak en motorkap bladdert af. Volledig herspuiten.",
        "Vernis du toit et du capot qui s'écaille. Peinture complète de ces éléments.",
    ),
    Damage(
        ("rear", "right"),
        "direct_settlement",
        "Bestelwagen reed achteruit op de parking. Rechterachterhoek, lamp en bumpersteun.",
        "Une camionnette a reculé sur le parking. Coin arrière droit, feu, pare-chocs.",
    ),
    Damage(
        ("front",),
        "third_party",
        "Aanrijding op kruispunt, in fout. Motorkap, voorfront, radiateur verliest koelvloeistof.",
        "Collision à un carrefour, en tort. Capot, face avant, fuite au radiateur.",
    ),
    Damage(
        ("left",),
        "direct_settlement",
        "Tram schampte de auto. Beide linkerportieren en B-stijl licht ingedeukt.",
        "Frôlé par un bus. Les deux portières gauches et le montant B légèrement enfoncés.",
    ),
    Damage(
        ("inside", "glass"),
        "limited_omnium",
        "Brand in de motorruimte van de buurauto. Lak geblakerd, ruitrubbers gesmolten.",
        "Incendie du véhicule voisin. Peinture brûlée, joints de vitre fondus.",
    ),
    Damage(
        ("right",),
        "own_damage",
        "Schuurschade aan garagepoort. Rechterspiegel af, portieren en flank geschuurd.",
        "Frotté contre la porte du garage. Rétroviseur arraché, portières et flanc éraflés.",
    ),
    Damage(
        ("front", "roof"),
        "own_damage",
        "Ladder van aanhangwagen verloren door voorligger. Motorkap, voorruitstijl en dak.",
        "Échelle perdue par le véhicule devant. Capot, montant de pare-brise et toit.",
    ),
    Damage(
        ("rear",),
        "direct_settlement",
        "Kettingbotsing in file. Achterbumper, kofferbodem geplooid, uitlaat scheef.",
        "Carambolage dans un bouchon. Pare-chocs arrière, plancher de coffre plié, échappement.",
    ),
    Damage(
        ("left", "wheels"),
        "own_damage",
        "Tegen de middenberm geschoven. Linkerkant, achteras uit lijn, velg gebroken.",
        "Glissade contre la berme centrale. Côté gauche, essieu arrière dévié, jante cassée.",
    ),
    Damage(
        ("front",),
        "limited_omnium",
        "Marterschade en koplamp stuk door steenslag. Kabelboom nakijken.",
        "Dégâts de fouine et phare brisé par un gravillon. Vérifier le faisceau.",
    ),
    Damage(
        ("rear", "roof"),
        "private",
        "Garagepoort op de openstaande kofferklep gezakt. Klep, achterruit en dakspoiler.",
        "Porte de garage descendue sur le hayon ouvert. Hayon, lunette arrière et becquet.",
    ),
    Damage(
        ("right", "front"),
        "direct_settlement",
        "Leswagen reed tegen de geparkeerde auto. Rechtervoorvleugel, bumper en koplampsproeier.",
        "Une voiture-école a touché le véhicule garé. Aile avant droite, pare-chocs, lave-phare.",
    ),
    Damage(
        ("left", "rear"),
        "third_party",
        "Bij het uitparkeren gedraaid tegen een vuilniswagen. Linkerachterflank en bumper.",
        "En sortant d'un emplacement, contre un camion-poubelle. Flanc arrière gauche, pare-chocs.",
    ),
)
"""For the flow *Standard*."""

INSURERS = ("AG", "AXA", "Baloise", "Belfius", "Ethias", "Federale", "KBC", "P&V", "Vivium")
EXPERTS = {
    "nl": ("Expertisebureau De Winter", "Auto-expertise Raes", "Bureau Vandeputte"),
    "fr": ("Bureau d'expertise Henrotte", "Expertises Lambermont", "Cabinet Dury"),
}
COMMENTS = {
    "nl": (
        "Klant werkt in ploegen: bellen na 16 uur.",
        "Reservesleutel ligt bij de receptie.",
        "Kinderzitje laten zitten, staat vast met Isofix.",
        "Leasewagen: akkoord van de leasemaatschappij zit in het dossier.",
        "Vorige herstelling in 2023, kleurcode staat in de deurstijl.",
        "Klant brengt de winterbanden mee.",
    ),
    "fr": (
        "Le client travaille en pauses : appeler après 16 h.",
        "Double de clé à l'accueil.",
        "Laisser le siège enfant en place (Isofix).",
        "Véhicule de leasing : accord de la société au dossier.",
        "Réparation précédente en 2023, code couleur dans le montant de porte.",
        "Le client apporte ses pneus d'hiver.",
    ),
}
