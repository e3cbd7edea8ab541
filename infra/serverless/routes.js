'use strict';

// The type of authorization of each route, in the template. A route without a type keeps the type
// that it has in the stack: CloudFormation would report a success, and sign-in would not change.

module.exports = ({ Resources }) => {
  for (const { Type, Properties } of Object.values(Resources)) {
    if (Type === 'AWS::ApiGatewayV2::Route') Properties.AuthorizationType ??= 'NONE';
  }
};
