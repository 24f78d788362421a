"""PostgreSQL: engine, unit of work, tables, migrations, audit chain, outbox, jobs."""
