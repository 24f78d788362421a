"""Public benchmark domains as policy packs: catalog files, typed facts, and a world kept current by recorded outputs."""
