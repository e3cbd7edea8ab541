"""The operator's commands for Convoy: set up its project, list deliveries, resend them."""

from app.cli.convoy.group import convoy

__all__ = ["convoy"]
