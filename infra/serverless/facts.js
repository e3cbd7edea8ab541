'use strict';

// What a template makes of a stage, as far as a change of it may open the stage, send its data
// elsewhere, or lose data: read from the packaged template and from the deployed one alike.

/**
 * The facts of a template, by the name of the parameter that decides each; undefined if the template
 * has no function yet. `parameters`: values by name. Lists are sorted; a missing limit is null.
 */
function factsOf(template, parameters) {
  const { Resources: resources = {} } = template;
  if (!resources.ApiLambdaFunction) return undefined;
  const value = (each) => (each?.Ref === undefined ? each : (parameters[each.Ref] ?? each.Ref));
  const properties = (name) => resources[name]?.Properties ?? {};
  const environment = properties('ApiLambdaFunction').Environment.Variables;
  const route = properties('HttpApiStage').DefaultRouteSettings ?? {};
  const retentions = ofType(resources, 'AWS::Logs::LogGroup').map((each) => each.Properties.RetentionInDays);
  return {
    signIn: signInOf(resources, environment),
    ownerClaim: environment.OWNER_CLAIM,
    convoyAppId: environment.CONVOY_APP_ID,
    convoyBaseUrl: environment.CONVOY_BASE_URL,
    convoyProjectId: environment.CONVOY_PROJECT_ID,
    convoySecret: value(environment.CONVOY_API_KEY_SECRET),
    corsOrigins: [...(properties('HttpApi').CorsConfiguration?.AllowOrigins ?? [])].sort(),
    rateLimit: number(route.ThrottlingRateLimit),
    burstLimit: number(route.ThrottlingBurstLimit),
    alarmEmail: value(properties('AlarmSubscription').Endpoint) ?? '',
    logRetentionInDays: retentions.includes(undefined) ? null : Math.min(...retentions.map(Number)),
    eventRetentionDays: number(environment.EVENT_RETENTION_DAYS),
    kmsKeyArn: parameters.KmsKeyArn ?? '',
    permissionsBoundary: parameters.PermissionsBoundary ?? '',
    subnetIds: subnetsOf(resources),
    securityGroupIds: [...new Set(networksOf(resources, 'SecurityGroupIds').flat())].sort(),
    backupDays: parameters.BackupDays ? Number(parameters.BackupDays) : 0,
    disposable: isDisposable(resources, value),
  };
}

const TYPES = { anonymous: 'NONE', iam: 'AWS_IAM', jwt: 'JWT' };

/**
 * The kind of sign-in, and for each token's issuer: its audiences, and the scopes of the routes. After
 * them each route that asks for less than the others, or for another kind.
 */
function signInOf(resources, { SIGN_IN: kind }) {
  const routes = ofType(resources, 'AWS::ApiGatewayV2::Route').map((each) => each.Properties);
  const scopes = [...new Set(routes.flatMap(scopesOf))].sort();
  const tokens = ofType(resources, 'AWS::ApiGatewayV2::Authorizer')
    .map(({ Properties: { JwtConfiguration: jwt } }) => [jwt?.Issuer, ...[...(jwt?.Audience ?? [])].sort()])
    .map((each) => each.join(' '));
  const usual = [TYPES[kind], ...scopes].join(' ');
  const others = routes
    .map((each) => [each.RouteKey, [each.AuthorizationType ?? 'NONE', ...scopesOf(each)].join(' ')])
    .filter(([, asked]) => asked !== usual)
    .map(([route, asked]) => `(${route}: ${asked})`);
  return [kind, ...tokens.sort(), ...scopes, ...others.sort()].join(' ');
}

function scopesOf({ AuthorizationScopes: scopes }) {
  return [...(scopes ?? [])].sort();
}

/** The subnets that each function is in. */
function subnetsOf(resources) {
  const [first, ...others] = networksOf(resources, 'SubnetIds');
  return first.filter((id) => others.every((ids) => ids.includes(id))).sort();
}

function networksOf(resources, kind) {
  return ofType(resources, 'AWS::Lambda::Function').map(({ Properties }) => Properties.VpcConfig?.[kind] ?? []);
}

/** Whether a table can be deleted, or is deleted with the stack. */
function isDisposable(resources, value) {
  return ofType(resources, 'AWS::DynamoDB::Table').some(
    ({ DeletionPolicy, Properties }) =>
      String(value(Properties.DeletionProtectionEnabled) ?? false) !== 'true' ||
      !String(DeletionPolicy).startsWith('Retain'),
  );
}

function ofType(resources, type) {
  return Object.values(resources).filter((each) => each.Type === type);
}

function number(value) {
  return value === undefined ? null : Number(value);
}

module.exports = { factsOf };
