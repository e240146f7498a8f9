"""What the garage's people may do with the portal and what is said in it."""

from core.hooks.contributions import Permission
from plugins.self_service_portal.look_pages import LOOK
from plugins.self_service_portal.message_pages import MESSAGES
from plugins.self_service_portal.quote_desk import QUOTES

PERMISSIONS = [
    Permission(
        MESSAGES,
        {
            "en": "Answer messages of customers",
            "nl": "Berichten van klanten beantwoorden",
            "fr": "Répondre aux messages des clients",
            "de": "Nachrichten von Kunden beantworten",
        },
        ("owner", "planner"),
    ),
    Permission(
        LOOK,
        {
            "en": "Set up the portal",
            "nl": "Het klantenportaal inrichten",
            "fr": "Configurer le portail client",
            "de": "Kundenportal einrichten",
        },
        ("owner",),
    ),
    Permission(
        QUOTES,
        {
            "en": "Send estimates to customers",
            "nl": "Bestekken naar klanten sturen",
            "fr": "Envoyer des devis aux clients",
            "de": "Kunden Kostenvoranschläge senden",
        },
        ("owner", "planner"),
    ),
]
"""Whoever sees the job card reads the talk on it; the rest is the reception's."""
