"""A stage with every parameter that a company asks for."""

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BOUNDARY = "arn:aws:iam::123456789012:policy/fastapi-todo-convoy-prod-boundary"
COMPANY = {
    "stage": "prod",
    "accessLog": "full",
    "alarmEmail": "ops@example.com",
    "backupDays": "35",
    "kmsKeyArn": KEY,
    "permissionsBoundary": BOUNDARY,
    "securityGroupIds": "sg-0c3d4e5f",
    "shift": "Canary10Percent5Minutes",
    "subnetIds": "subnet-0a1b2c3d, subnet-0123456789abcdef0",
    "tracing": "Active",
}
