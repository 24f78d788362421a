"""HubSpot's door: contacts, companies, notes and owners of the CRM API."""
