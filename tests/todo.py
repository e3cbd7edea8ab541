"""The todo, which is the tests' example. docs/adapt.md moves its definition from the app here."""

from app.resources.todo import MAX_ITEM_LENGTH, TODO, Todo

__all__ = ["MAX_ITEM_LENGTH", "TODO", "Todo"]
