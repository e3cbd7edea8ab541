'use strict';

// Each function that the gateway calls has the alias `live`, with SnapStart or without: the gateway
// calls the version that the alias names. Going back is then one call for each function. The
// framework makes an alias for SnapStart only, under a name that says nothing without it.

const NAME = 'live';

/** Name the aliases, before the framework compiles the functions. */
function name(serverless) {
  const { service } = serverless;
  const { naming } = serverless.getProvider('aws');
  naming.getLambdaSnapStartEnabledAliasName = () => NAME;
  naming.getLambdaSnapStartAliasLogicalId = (each) => logicalId(naming, each);
  for (const each of versioned(service)) {
    service.getFunction(each).targetAlias = { name: NAME, logicalId: logicalId(naming, each) };
  }
}

/** Add the aliases to the template, once the functions and their versions are in it. */
function add(serverless) {
  const { service } = serverless;
  const { naming } = serverless.getProvider('aws');
  for (const each of versioned(service)) {
    const { Resources: resources } = service.provider.compiledCloudFormationTemplate;
    // A version whose deployment failed goes with it: nothing may take it for one that served.
    resources[service.getFunction(each).versionLogicalId].DeletionPolicy = 'RetainExceptOnCreate';
    resources[logicalId(naming, each)] = {
      Type: 'AWS::Lambda::Alias',
      Properties: {
        Name: NAME,
        FunctionName: { Ref: naming.getLambdaLogicalId(each) },
        FunctionVersion: { 'Fn::GetAtt': [service.getFunction(each).versionLogicalId, 'Version'] },
      },
    };
  }
}

function versioned(service) {
  return service.getAllFunctions().filter((each) => service.getFunction(each).versionFunction !== false);
}

function logicalId(naming, each) {
  return `${naming.getNormalizedFunctionName(each)}LiveAlias`;
}

module.exports = { NAME, add, name };
