"""Brings a restored table's items back: `python -m infra.restore --help`, docs/backups.md."""
