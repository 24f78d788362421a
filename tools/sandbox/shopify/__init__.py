"""Shopify's door: a small GraphQL server that speaks the part of the Admin API we use."""
