"""A deployment looks at the secret of Convoy's API key before it changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.convoy.api_key import SecretError
from app.convoy.secrets_manager import Secret
from tests.integration.deploy.looks import ARN, KEY, VALID, encrypted, look, secret

if TYPE_CHECKING:
    from tests.integration.deploy.osls import Project

REFUSED_TEXTS = {
    "": "has no text",
    "CO.s3cret": 'is not of the form {"CONVOY_API_KEY": "…"}',
    '{"CONVOY_API_KEY": "CO.s3cret"': "is not of the form",
    '["CO.s3cret"]': "is not of the form",
    "null": "is not of the form",
    '{"convoy_api_key": "CO.s3cret"}': "is not of the form",
    '{"CONVOY_API_KEY": 53}': "is not of the form",
    '{"CONVOY_API_KEY": "  "}': "has a blank CONVOY_API_KEY",
    '{"CONVOY_API_KEY": "<CO.s3cret>"}': "has a placeholder",
    '{"CONVOY_API_KEY": "your api key"}': "has a placeholder",
    '{"CONVOY_API_KEY": "CO.s3crét"}': "a character beyond ASCII",
    '{"CONVOY_API_KEY": "CO.\\u0000s3cret"}': "a character beyond ASCII",
    '{"CONVOY_API_KEY": "CO. s3cret"}': "has a space",
    '{"CONVOY_API_KEY": "CO.s3\\ncret"}': "has a space",
    '{"CONVOY_API_KEY": "Bearer CO.s3cret"}': 'has "Bearer" in CONVOY_API_KEY: store the key alone',
}
TAKEN_TEXTS = [
    VALID,
    f"\ufeff{VALID}",
    '{"CONVOY_API_KEY": "CO.key\\n"}',
    '{"CONVOY_API_KEY": "k", "more": 1}',
]


def test_a_secret_of_another_form_is_refused_and_not_shown(project: Project) -> None:
    outcomes = look(project.folder, [secret(text) for text in REFUSED_TEXTS])

    for outcome, problem in zip(outcomes, REFUSED_TEXTS.values(), strict=True):
        assert outcome["kind"] == "Refusal"
        assert problem in outcome["error"]
        assert "aws secretsmanager put-secret-value --secret-id todo/dev/convoy" in outcome["error"]
        assert not any(part in outcome["error"] for part in ("s3", "53"))


def test_a_secret_that_the_functions_take_passes(project: Project) -> None:
    assert all(
        "value" in outcome
        for outcome in look(project.folder, [secret(text) for text in TAKEN_TEXTS])
    )


def test_whatever_secret_the_functions_refuse_the_look_refuses() -> None:
    """The functions may refuse fewer. A text that passes the look starts them."""

    class Client:
        def __init__(self, text: str) -> None:
            self.text = text

        def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
            return {"SecretString": self.text}

        def close(self) -> None:
            pass

    refused = set()
    for text in [*REFUSED_TEXTS, *TAKEN_TEXTS]:
        try:
            Secret("todo/dev/convoy", lambda text=text: Client(text)).read()  # type: ignore[misc]
        except SecretError:
            refused.add(text)

    assert len(refused) > len(TAKEN_TEXTS)
    assert refused <= set(REFUSED_TEXTS)


def test_a_missing_or_deleted_secret_is_refused_with_the_command(project: Project) -> None:
    absent = {"error": "ResourceNotFoundException"}
    missing, valueless, deleted = secret(), secret(), secret(DeletedDate="2026-11-26T00:00:00Z")
    missing["answers"]["secretsmanager:DescribeSecret"] = absent
    valueless["answers"]["secretsmanager:GetSecretValue"] = absent

    outcomes = look(project.folder, [missing, valueless, deleted])

    assert [outcome["kind"] for outcome in outcomes] == ["Refusal"] * 3
    for outcome in outcomes[:2]:
        assert "aws secretsmanager create-secret --name todo/dev/convoy" in outcome["error"]
    assert "aws secretsmanager restore-secret --secret-id todo" in outcomes[2]["error"]


def test_a_secret_under_a_key_that_the_roles_may_not_use_is_refused(project: Project) -> None:
    other = KEY.replace("1111", "9999")
    refused = look(
        project.folder, [encrypted(KEY), encrypted(KEY, given=other), encrypted("alias/ours")]
    )
    passing = look(
        project.folder,
        [
            encrypted(KEY, given=KEY),
            encrypted("alias/ours", given=KEY),
            encrypted(KEY, manager="AWS"),
            encrypted(""),
        ],
    )

    for outcome in refused:
        assert outcome["kind"] == "Refusal"
        assert f"Deploy with kmsKeyArn={KEY}, or use AWS's own key" in outcome["error"]
    assert all("value" in outcome for outcome in passing)


def test_a_secrets_arn_is_refused_in_place_of_its_name(project: Project) -> None:
    done = project.run("package", convoySecret=ARN)

    assert done.returncode != 0
    assert "is not the name of a secret. Give the name, not the ARN" in done.stdout + done.stderr
