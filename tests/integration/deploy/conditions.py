"""A template as CloudFormation sees it: with its parameters' values, and without what is off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.integration.deploy.osls import Template
    from tests.support import JsonObject

_ABSENT = object()


def resolved(template: Template) -> JsonObject:
    """The resources that are made, by logical id. Only conditions and parameters are resolved."""
    deployed = _Deployed(template)
    return {
        name: deployed.value(resource)
        for name, resource in template.resources.items()
        if "Condition" not in resource or deployed.holds(resource["Condition"])
    }


class _Deployed:
    def __init__(self, template: Template) -> None:
        self._parameters = template.parameters
        self._conditions = template.body.get("Conditions", {})

    def holds(self, condition: Any) -> bool:
        """A condition's name, or its expression."""
        if isinstance(condition, str):
            return self.holds(self._conditions[condition])
        ((function, arguments),) = condition.items()
        match function:
            case "Fn::Equals":
                one, other = map(self.value, arguments)
                return bool(one == other)
            case "Fn::Not":
                return not self.holds(arguments[0])
            case "Fn::And":
                return all(map(self.holds, arguments))
            case "Fn::Or":
                return any(map(self.holds, arguments))
            case "Condition":
                return self.holds(arguments)
        raise AssertionError(f"{function} is not known here")

    def value(self, value: Any) -> Any:
        match value:
            case {"Fn::If": [condition, then, otherwise]}:
                return self.value(then if self.holds(condition) else otherwise)
            case {"Ref": "AWS::NoValue"}:
                return _ABSENT
            case {"Ref": name} if name in self._parameters:
                return self._parameters[name]
            case dict():
                parts = {name: self.value(part) for name, part in value.items()}
                return {name: part for name, part in parts.items() if part is not _ABSENT}
            case list():
                return [part for each in value if (part := self.value(each)) is not _ABSENT]
        return value
