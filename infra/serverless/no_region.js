'use strict';

// Read where nothing names the region: "Value not found" alone would not say of what.

module.exports = () => {
  const error = new Error('No AWS region is known: set AWS_REGION, or give --region');
  error.stack = error.message; // the framework prints the stack
  throw error;
};
