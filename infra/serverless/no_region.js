'use strict';

// Read if no region is set. The framework's own "Value not found" would not say which value.

const { refuse } = require('./values');

module.exports = () => {
  return refuse('No AWS region is set. Set AWS_REGION, or give --region');
};
