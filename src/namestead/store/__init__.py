"""The only SQL: schema, migrations, load, save, listings."""
