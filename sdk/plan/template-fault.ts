/** What is wrong with a template; only seen by the module that knows where the template stands. */
export class TemplateFault extends Error {}
