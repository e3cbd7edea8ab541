'use strict';

// API Gateway answers a browser's preflight itself only if no route takes OPTIONS. A route of every
// method does: its authorizer would refuse the preflight, which has no token, and without an
// authorizer the preflight would start the function. So, with CORS, each such route becomes one for
// each method.

module.exports = (service) => {
  const { cors } = service.provider.httpApi;
  if (!cors) return;
  for (const { events = [] } of Object.values(service.functions)) {
    events.splice(0, Infinity, ...events.flatMap((event) => separate(event, cors.allowedMethods)));
  }
};

function separate(event, methods) {
  if (event.httpApi?.method !== '*') return [event];
  const { path, ...others } = event.httpApi;
  const paths = path === '*' ? ['/', '/{proxy+}'] : [path];
  return methods.flatMap((method) =>
    paths.map((each) => ({ ...event, httpApi: { ...others, method, path: each } })),
  );
}
