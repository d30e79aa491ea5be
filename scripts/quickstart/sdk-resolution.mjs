// Hooks of Node's module loader: `kitsmith` is the module that is named when they are registered.
let sdk;

export function initialize(data) {
  sdk = data.sdk;
}

export async function resolve(specifier, context, next) {
  return specifier === "kitsmith" ? { url: sdk, format: "module", shortCircuit: true } : await next(specifier, context);
}
