"use strict";

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
follow();
dark.addEventListener("change", follow);

// The site has the document in a script, and no API to call: a file of this machine may not fetch.
const built = window.openApiDocument;

const ABOUT = "`HEAD` is answered as `GET` is, without the body. An error has the schema `Problem`, as"
  + " `application/problem+json`; an error of the gateway itself has `Message`.";

async function show() {
  const spec = forReaders(built ?? (await read("../openapi.json")));
  SwaggerUIBundle({
    domNode: document.getElementById("reference"),
    spec,
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    supportedSubmitMethods: built ? [] : ["get", "put", "post", "delete"],
    tryItOutEnabled: true,
    validatorUrl: null,
  });
}

async function read(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status} for ${answer.url}`);
  return answer.json();
}

/** The document without what a reader skips: HEAD, and the same body at each error. */
function forReaders(document) {
  const paths = mapValues(document.paths, ({ head, ...operations }, path) => {
    const tags = [path.split("/")[1] || "ping"];
    return mapValues(operations, (operation) => ({
      ...operation,
      tags,
      parameters: operation.parameters?.map((each) => ({ ...each, schema: example(each.name, each.schema) })),
      responses: mapValues(operation.responses, brief),
    }));
  });
  const schemas = mapValues(document.components.schemas, (schema) => {
    const properties = mapValues(schema.properties, (each, name) => example(name, each));
    return { ...schema, properties };
  });
  const info = { ...document.info, description: ABOUT };
  return { ...document, info, paths, components: { ...document.components, schemas } };
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]));
}

/** Swagger UI would propose the greatest id. */
function example(name, schema) {
  return name === "id" && schema.type === "integer" ? { ...schema, example: 1 } : schema;
}

function brief(response, status) {
  const schemas = Object.values(response.content ?? {}).map((each) => each.schema.$ref);
  const common = schemas.every((each) => /\/(Problem|Message)$/.test(each));
  return Number(status) >= 400 && common ? { description: response.description } : response;
}

show().catch((error) => {
  document.getElementById("reference").textContent = `The API's document can't be read: ${error.message}`;
});
