'use strict';

// Read if no region is set. The framework's own "Value not found" would not say which value.

module.exports = () => {
  const error = new Error('No AWS region is set. Set AWS_REGION, or give --region');
  error.stack = error.message; // the framework prints the stack
  throw error;
};
